/** Loaded before the daemon under fire: measures how late its event loop is, and says so to the bench when it asks. */

import { isMainThread } from 'node:worker_threads';

export interface TickAnswer {
  /** The worst since the last answer. */
  readonly worstMs: number;
  /** Of the whole process, at its most so far. */
  readonly peakRssMb: number;
}

const EVERY_MS = 5;

if (isMainThread && process.send) {
  let lastMs = performance.now();
  let worstMs = 0;
  setInterval(() => {
    const nowMs = performance.now();
    worstMs = Math.max(worstMs, nowMs - lastMs - EVERY_MS);
    lastMs = nowMs;
  }, EVERY_MS).unref();
  process.on('message', () => {
    const answer: TickAnswer = { worstMs, peakRssMb: process.resourceUsage().maxRSS / 1024 };
    worstMs = 0;
    process.send?.(answer);
  });
  // The channel keeps no daemon alive.
  process.channel?.unref();
}
