/** Clients of the fire bench: one that asks and reads, and sockets that misbehave. */

import { request } from 'node:http';
import { connect, type Socket } from 'node:net';

export interface Asked {
  /** 0: no answer. */
  readonly status: number;
  readonly tookMs: number;
  readonly bytes: number;
}

export interface AskOptions {
  readonly port: number;
  readonly path: string;
  readonly limitMs: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** The client's address; as a rule this machine's own. */
  readonly from?: string;
}

/** Of those who attack: the client beside them has another. */
export const ATTACKER = '127.0.0.2';

/** One request on a connection of its own; never rejects. */
export function ask({ port, path, limitMs, headers = {}, from }: AskOptions): Promise<Asked> {
  const startedMs = performance.now();
  return new Promise((resolve) => {
    let bytes = 0;
    const end = (status: number): void => resolve({ status, tookMs: performance.now() - startedMs, bytes });
    const options = { host: '127.0.0.1', port, path, agent: false, headers, localAddress: from };
    const asked = request(options, (response) => {
      response.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
      });
      response.on('end', () => end(response.statusCode ?? 0));
      response.on('error', () => end(0));
    });
    asked.setTimeout(limitMs, () => asked.destroy());
    asked.on('error', () => end(0));
    asked.end();
  });
}

export interface RawSocket {
  readonly socket: Socket;
  /** The beginning of what came. */
  readonly answer: () => string;
  readonly closed: Promise<void>;
}

const MAX_KEPT = 300;

/** Says `first`, and keeps the beginning of the answer; its failures are its end. */
export function openSocket(port: number, first: string | Buffer, isReading = true): RawSocket {
  const socket = connect({ port, host: '127.0.0.1', localAddress: ATTACKER });
  let answer = '';
  const closed = new Promise<void>((resolve) => socket.on('close', () => resolve()));
  socket.on('error', () => undefined);
  if (isReading) {
    socket.on('data', (chunk: Buffer) => {
      if (answer.length < MAX_KEPT) answer += chunk.toString('latin1').slice(0, MAX_KEPT);
    });
  } else socket.pause();
  socket.write(first);
  return { socket, answer: () => answer, closed };
}

/** Runs `task` so often at once, each again and again until the time is over. */
export async function crowd(
  count: number,
  seconds: number,
  task: (index: number) => Promise<void>,
): Promise<void> {
  const endMs = performance.now() + seconds * 1000;
  await Promise.all(
    Array.from({ length: count }, async (_, index) => {
      while (performance.now() < endMs) await task(index);
    }),
  );
}
