/** The thread that looks at the folder: one look for each message, one answer for each look. */

import { parentPort, workerData } from 'node:worker_threads';
import { describeError, errorCode } from '../../lib/describe-error.js';
import { createDirectorySweep, type DirectorySweep } from './sweep-directory.js';

export interface SweepRequest {
  readonly monotonicMs: number;
}

export type SweepAnswer =
  | { readonly kind: 'swept'; readonly sweep: DirectorySweep }
  | { readonly kind: 'failed'; readonly code: string | undefined; readonly message: string };

const port = parentPort;
if (!port) throw new Error('progress-sweeper runs as a worker thread only');
const sweepDirectory = createDirectorySweep((workerData as { readonly directory: string }).directory);

function answer({ monotonicMs }: SweepRequest): SweepAnswer {
  try {
    return { kind: 'swept', sweep: sweepDirectory(monotonicMs) };
  } catch (error) {
    return { kind: 'failed', code: errorCode(error), message: describeError(error) };
  }
}

port.on('message', (request: SweepRequest) => port.postMessage(answer(request)));
