/** Keeps one count of a queue rising, although the broker that counts restarts and the way of asking changes. */

import { type LastCount, takeCount } from '../lib/falling-count.js';
import type { BrokerWay, Figure } from './queue-model.js';

interface WayCount {
  /** What the way said last, but for readings below it that may be a blink. */
  readonly said: LastCount;
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

/** What one way said in one read, weighed against what it said before. */
interface Weighed {
  readonly figure: Figure;
  readonly said: LastCount;
  readonly isRestarted: boolean;
  /** Of a restarted one: what it surely counted since. */
  readonly seenRise: number;
}

/**
 * Takes what the ways said in one read, best first. Only the best one moves the count; from what the others said
 * follows where each of them stands to it, so that a change of ways neither jumps nor repeats. A way that said nothing
 * of the count changes nothing, nor does one whose figure is below its last until that has lasted.
 */
export function countOn(counter: QueueCounter, figures: readonly Figure[], readAtMs: number): QueueCounter {
  let ways = counter.ways;
  const weighed: Weighed[] = [];
  for (const figure of figures) {
    const known = ways[figure.via];
    const { verdict, last, seenRise } = takeCount(known?.said, figure.value);
    if (verdict !== 'held')
      weighed.push({ figure, said: last, seenRise, isRestarted: verdict === 'restarted' });
    else if (known) ways = { ...ways, [figure.via]: { ...known, said: last } };
    // The best one is about to say whether it counts from nothing: nobody else moves the count meanwhile.
    if (verdict === 'held' && figure === figures[0]) return { ...counter, ways };
  }
  return moveOn({ ...counter, ways }, weighed, readAtMs);
}

function moveOn(
  counter: QueueCounter,
  [best, ...others]: readonly Weighed[],
  readAtMs: number,
): QueueCounter {
  if (best === undefined) return counter;
  const { via, atMs } = best.figure;
  const sinceMs = isMovedBy(counter, best.figure) ? (counter.sinceMs ?? readAtMs) : readAtMs;
  const increase = increaseOf(counter, best);
  const value = (counter.figure?.value ?? 0) + increase;
  const offset = offsetOf(counter, best, { value, sinceMs });
  const ways: Partial<Record<BrokerWay, WayCount>> = {
    // The broker has restarted: where other ways stood is of the past.
    ...(!best.isRestarted && counter.ways),
    [via]: { said: best.said, offset },
  };
  for (const { figure, said, isRestarted } of others) {
    // Until it has shown otherwise, it counts as the best one does, and merely tells of an earlier time.
    const known = isRestarted ? undefined : ways[figure.via];
    ways[figure.via] = { said, offset: Math.min(known?.offset ?? offset, value - figure.value) };
  }
  const roseAtMs = increase > 0 && counter.figure !== undefined ? atMs : counter.roseAtMs;
  const figure = { value, via, atMs };
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

function increaseOf(counter: QueueCounter, best: Weighed): number {
  const { figure, ways } = counter;
  const { via, value } = best.figure;
  if (figure === undefined) return value;
  // A restarted broker counts from nothing; a way that takes over may tell what the one before has counted.
  if (best.isRestarted) return isMovedBy(counter, best.figure) ? value : best.seenRise;
  // A way that speaks for the first time sets its own start.
  const offset = ways[via]?.offset ?? figure.value - value;
  return Math.max(0, value + offset - figure.value);
}

/**
 * A way that has taken over may still tell of a time before it did: until its words are certainly younger, it has to
 * catch up with the count. What it lacks after that, it will never tell.
 */
function offsetOf(
  counter: QueueCounter,
  { figure, isRestarted }: Weighed,
  { value, sinceMs }: { value: number; sinceMs: number },
): number {
  const known = isRestarted ? undefined : counter.ways[figure.via];
  return known && figure.atMs < sinceMs ? known.offset : value - figure.value;
}
