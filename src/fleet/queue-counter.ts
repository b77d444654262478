/** Keeps one count of a queue rising, although the broker that counts restarts and the way of asking changes. */

import type { BrokerWay, Figure } from './queue-model.js';

export interface QueueCounter {
  /** Absent until somebody counted. */
  readonly figure?: Figure;
  /** What each way said last. */
  readonly lastByWay: Readonly<Partial<Record<BrokerWay, number>>>;
  /** When the count rose last, as far as was seen. */
  readonly roseAtMs?: number;
}

export const UNCOUNTED: QueueCounter = { lastByWay: {} };

/**
 * Takes what the ways said in one read, best first. Only the best one moves the count; what the others said is kept,
 * so that a change of ways neither jumps nor repeats.
 */
export function countOn(counter: QueueCounter, said: readonly Figure[]): QueueCounter {
  const [best] = said;
  if (best === undefined) return counter;
  const increase = increaseOf(counter, best);
  const figure = { value: (counter.figure?.value ?? 0) + increase, via: best.via, atMs: best.atMs };
  const lastByWay = rememberAll(counter.lastByWay, said);
  const roseAtMs = increase > 0 && counter.figure !== undefined ? best.atMs : counter.roseAtMs;
  return roseAtMs === undefined ? { figure, lastByWay } : { figure, lastByWay, roseAtMs };
}

/** The same object when nothing is new, as for most queues of most reads. */
function rememberAll(lastByWay: QueueCounter['lastByWay'], said: readonly Figure[]) {
  if (said.every(({ via, value }) => lastByWay[via] === value)) return lastByWay;
  const next = { ...lastByWay };
  for (const { via, value } of said) next[via] = value;
  return next;
}

function increaseOf({ figure, lastByWay }: QueueCounter, { via, value }: Figure): number {
  const last = lastByWay[via];
  // A way that speaks for the first time sets its own start, unless it is the first of all.
  if (last === undefined) return figure === undefined ? value : 0;
  return value < last ? value : value - last;
}
