/**
 * Measures how far an engine's clock is ahead of ours, and dates by our clock what the engine dates by its own.
 *
 * What an engine says of time is its claim; when we asked and when its answer came are facts. Every answer bears the
 * engine's time to a second (`Date`), written between the two. An engine off by less than a few seconds is taken as it
 * is, so that nothing changes where clocks agree.
 */

import type { InspectedFacts, ListedContainer } from '../../fleet/observations.js';

export interface Answered {
  /** The header `Date`. */
  readonly date: string | undefined;
  readonly askedAtMs: number;
  readonly atMs: number;
}

export interface EngineClock {
  /** By how much times are corrected; 0 within the tolerance. */
  readonly aheadMs: number;
  /** As the last answer showed it, to about a second. */
  readonly measuredAheadMs: number;
  /** The last answers differ from what is corrected by, and it is not yet certain by how much. */
  readonly isDoubtful: boolean;
  note(answered: Answered): void;
  toOurs(engineMs: number): number;
  /** The facts by our clock: a start keeps its time, whatever becomes of the engine's clock after it. */
  dateFacts(facts: InspectedFacts): InspectedFacts;
  dateListed(listed: ListedContainer): ListedContainer;
  forget(id: string): void;
}

/** `Date` is cut to a second, and small differences harm nothing. */
const TOLERANCE_MS = 2000;
const SECOND_MS = 1000;
/** An answer that took longer tells too little of when it was written. */
const MAX_TRIP_MS = 5000;
/** So close a new offset has to be known before times are corrected by it, … */
const SHARP_MS = 250;
/** … unless that many answers in a row agree and make it no closer: the way to the engine is long. */
const MAX_READINGS = 20;
/** More containers than one engine runs. */
const MAX_REMEMBERED = 20_000;

/** Bounds of how far the engine's clock is ahead. */
interface Doubt {
  readonly leastMs: number;
  readonly mostMs: number;
  readonly readings: number;
}

/** One for an engine, for as long as it is watched. */
export function createEngineClock(onChange: (aheadMs: number) => void): EngineClock {
  /** By container: its times by the engine's clock, and by ours as they were when first seen. */
  const known = new Map<string, ReadonlyMap<number, number>>();
  let aheadMs = 0;
  let measuredAheadMs = 0;
  let doubt: Doubt | undefined;

  function note({ date, askedAtMs, atMs }: Answered): void {
    const engineMs = Date.parse(date ?? '');
    if (Number.isNaN(engineMs) || atMs < askedAtMs || atMs - askedAtMs > MAX_TRIP_MS) return;
    const leastMs = engineMs - atMs;
    const mostMs = engineMs + SECOND_MS - askedAtMs;
    measuredAheadMs = (leastMs + mostMs) / 2;
    if (aheadMs >= leastMs - TOLERANCE_MS && aheadMs <= mostMs + TOLERANCE_MS) {
      doubt = undefined;
      return;
    }
    doubt = narrowed(doubt, { leastMs, mostMs, readings: 1 });
    // One odd answer is nothing: a proxy may have kept it.
    if (doubt.readings === 1) return;
    if (doubt.mostMs - doubt.leastMs > SHARP_MS && doubt.readings < MAX_READINGS) return;
    // The most: a start is dated a moment early rather than after the first sign of its work.
    aheadMs = isWithinTolerance(doubt) ? 0 : doubt.mostMs;
    doubt = undefined;
    onChange(aheadMs);
  }

  function dateFacts(facts: InspectedFacts): InspectedFacts {
    const { id, createdAtMs, startedAtMs, finishedAtMs } = facts;
    const before = known.get(id);
    const times = new Map<number, number>();
    function ours(engineMs: number): number {
      const oursMs = before?.get(engineMs) ?? engineMs - aheadMs;
      times.set(engineMs, oursMs);
      return oursMs;
    }
    known.delete(id);
    known.set(id, times);
    if (known.size > MAX_REMEMBERED) known.delete(known.keys().next().value ?? '');
    return {
      ...facts,
      createdAtMs: ours(createdAtMs),
      ...(startedAtMs !== undefined && {
        startedAtMs: ours(startedAtMs),
        ...(ours(startedAtMs) !== startedAtMs && { engineStartMs: startedAtMs }),
      }),
      ...(finishedAtMs !== undefined && { finishedAtMs: ours(finishedAtMs) }),
    };
  }

  return {
    get aheadMs() {
      return aheadMs;
    },
    get measuredAheadMs() {
      return measuredAheadMs;
    },
    get isDoubtful() {
      return doubt !== undefined;
    },
    note,
    toOurs: (engineMs) => engineMs - aheadMs,
    dateFacts,
    dateListed: (listed) => ({ ...listed, createdAtMs: listed.createdAtMs - aheadMs }),
    forget: (id) => known.delete(id),
  };
}

function narrowed(before: Doubt | undefined, now: Doubt): Doubt {
  if (!before) return now;
  const leastMs = Math.max(before.leastMs, now.leastMs);
  const mostMs = Math.min(before.mostMs, now.mostMs);
  return leastMs > mostMs ? now : { leastMs, mostMs, readings: before.readings + 1 };
}

function isWithinTolerance({ leastMs, mostMs }: Doubt): boolean {
  return leastMs <= TOLERANCE_MS && mostMs >= -TOLERANCE_MS;
}
