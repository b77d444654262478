/** Makes one answer for all clients that ask at about the same time, so that a crowd of them does not hold up the daemon. */

import { setTimeout as pause } from 'node:timers/promises';

/** So many times as long as the last answer took to make, until the next is made: a crowd gets a fifth of the event loop. */
const REST = 4;
const MAX_REST_MS = 500;

/** What it resolves with was made after the call, never before. */
export function shareAnswer<T>(make: () => T | Promise<T>): () => Promise<T> {
  let underWay: Promise<T> | undefined;
  let restUntilMs = 0;

  async function makeNext(): Promise<T> {
    await pause(Math.max(0, restUntilMs - performance.now()));
    // Who comes from now on may have come after what is being read.
    underWay = undefined;
    const startedMs = performance.now();
    try {
      return await make();
    } finally {
      const nowMs = performance.now();
      restUntilMs = nowMs + Math.min(MAX_REST_MS, REST * (nowMs - startedMs));
    }
  }

  return () => (underWay ??= makeNext());
}
