/** The thread that compares passwords with bcrypt hashes: it takes a tenth of a second and more, which nothing waits for. */

import { parentPort } from 'node:worker_threads';
import { compareSync } from 'bcryptjs';

export interface CompareRequest {
  readonly id: number;
  readonly password: string;
  readonly hash: string;
}

export interface CompareAnswer {
  readonly id: number;
  readonly isSame: boolean;
}

if (!parentPort) throw new Error('runs only as a thread of the HTTP server');
const port = parentPort;
port.on('message', ({ id, password, hash }: CompareRequest) => {
  const answer: CompareAnswer = { id, isSame: compareSync(password, hash) };
  port.postMessage(answer);
});
