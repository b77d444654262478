/** Keeps one count of a queue rising, although the broker that counts restarts and the way of asking changes. */

import type { BrokerWay, Figure } from './queue-model.js';

interface WayCount {
  /** What the way said last. */
  readonly said: number;
  /** What its words lack to the count, as far as is certain: never more, so that nothing counts twice. */
  readonly offset: number;
}

type WayCounts = Readonly<Partial<Record<BrokerWay, WayCount>>>;

export interface QueueCounter {
  /** Absent until somebody counted. */
  readonly figure?: Figure;
  readonly ways: WayCounts;
  /** Since which read the way of `figure` moves the count; absent while nobody does. */
  readonly sinceMs?: number;
  /** When the count rose last, as far as was seen. */
  readonly roseAtMs?: number;
}

export const UNCOUNTED: QueueCounter = { ways: {} };

/**
 * Takes what the ways said in one read, best first. Only the best one moves the count; from what the others said
 * follows where each of them stands to it, so that a change of ways neither jumps nor repeats.
 */
export function countOn(counter: QueueCounter, said: readonly Figure[], readAtMs: number): QueueCounter {
  const [best, ...others] = said;
  if (best === undefined) return counter;
  const sinceMs = isMovedBy(counter, best) ? (counter.sinceMs ?? readAtMs) : readAtMs;
  const increase = increaseOf(counter, best);
  const value = (counter.figure?.value ?? 0) + increase;
  const offset = offsetOf(counter, best, { value, sinceMs });
  const ways: Partial<Record<BrokerWay, WayCount>> = {
    // The broker has restarted: where other ways stood is of the past.
    ...(!isFallen(counter, best) && counter.ways),
    [best.via]: { said: best.value, offset },
  };
  for (const other of others) {
    // Until it has shown otherwise, it counts as the best one does, and merely tells of an earlier time.
    const known = isFallen(counter, other) ? undefined : ways[other.via];
    ways[other.via] = {
      said: other.value,
      offset: Math.min(known?.offset ?? offset, value - other.value),
    };
  }
  const roseAtMs = increase > 0 && counter.figure !== undefined ? best.atMs : counter.roseAtMs;
  const figure = { value, via: best.via, atMs: best.atMs };
  return { figure, ways, sinceMs, ...(roseAtMs !== undefined && { roseAtMs }) };
}

/** Nobody counts for a while; who counts next may have lost what it counted before without a restart of the broker. */
export function pauseCount({ sinceMs: _over, ...rest }: QueueCounter): QueueCounter {
  return rest;
}

/** Another broker counts from now on: what it has counted so far is none of this count. */
export function detachCount({ sinceMs: _over, ...rest }: QueueCounter): QueueCounter {
  return { ...rest, ways: {} };
}

function isMovedBy({ figure, sinceMs }: QueueCounter, { via }: Figure): boolean {
  return sinceMs !== undefined && figure?.via === via;
}

function isFallen({ ways }: QueueCounter, { via, value }: Figure): boolean {
  return value < (ways[via]?.said ?? 0);
}

function increaseOf(counter: QueueCounter, best: Figure): number {
  const { figure, ways } = counter;
  if (figure === undefined) return best.value;
  // A restarted broker counts from nothing; a way that takes over may tell what the one before has counted.
  if (isFallen(counter, best)) return isMovedBy(counter, best) ? best.value : 0;
  // A way that speaks for the first time sets its own start.
  const offset = ways[best.via]?.offset ?? figure.value - best.value;
  return Math.max(0, best.value + offset - figure.value);
}

/**
 * A way that has taken over may still tell of a time before it did: until its words are certainly younger, it has to
 * catch up with the count. What it lacks after that, it will never tell.
 */
function offsetOf(
  counter: QueueCounter,
  best: Figure,
  { value, sinceMs }: { value: number; sinceMs: number },
): number {
  const known = isFallen(counter, best) ? undefined : counter.ways[best.via];
  return known && best.atMs < sinceMs ? known.offset : value - best.value;
}
