/** When each stage's jobs failed, by reason, and which stages fail far more often than they did. */

import type { SentinelSeen } from '../fleet/sentinel-model.js';
import type { HistoryMoment } from './history-moment.js';

export interface Spike {
  readonly beganAtMs: number;
  /** Failures in the window before it began: what is usual. */
  readonly usual: number;
}

export interface FailureCount {
  readonly total: number;
  readonly byReason: ReadonlyMap<string, number>;
}

export interface FailureHistory {
  /** By stage: those that fail far more often than is usual, until they no longer do. */
  readonly spikes: ReadonlyMap<string, Spike>;
  /** Failures of the stage from one time to another. */
  count(stage: string, fromMs: number, untilMs: number): FailureCount;
  /** By when the failures of two windows are known. */
  isFull(windowMs: number, nowMs: number): boolean;
  note(moment: Pick<HistoryMoment, 'fleet' | 'settings' | 'nowMs'>): void;
}

/** Failures that came within the same so many milliseconds are counted as one lot. */
const LOT_MS = 5000;
/** What is found longer after it was written is dated by the file, as nobody was looking. */
const PROMPT_MS = 60_000;
const TIMES_AS_MANY = 3;
/** A spike goes on while there are at least so many times what is usual. */
const TIMES_TO_GO_ON = 2;

interface Lot {
  readonly atMs: number;
  readonly byReason: Map<string, number>;
}

export function createFailureHistory(): FailureHistory {
  const lots = new Map<string, Lot[]>();
  const spikes = new Map<string, Spike>();
  let seenSentinels = 0;
  let firstLookMs: number | undefined;

  function add(stage: string, reason: string, atMs: number): void {
    const list = lots.get(stage) ?? [];
    const last = list.findLast((lot) => lot.atMs <= atMs);
    const lot = last && atMs - last.atMs < LOT_MS ? last : { atMs, byReason: new Map<string, number>() };
    lot.byReason.set(reason, (lot.byReason.get(reason) ?? 0) + 1);
    if (lot !== last) list.push(lot);
    list.sort((one, other) => one.atMs - other.atMs);
    lots.set(stage, list);
  }

  function forgetBefore(fromMs: number): void {
    for (const [stage, list] of lots) {
      const kept = list.filter(({ atMs }) => atMs > fromMs);
      if (kept.length === 0) lots.delete(stage);
      else if (kept.length < list.length) lots.set(stage, kept);
    }
  }

  function count(stage: string, fromMs: number, untilMs: number): FailureCount {
    const byReason = new Map<string, number>();
    let total = 0;
    for (const lot of lots.get(stage) ?? []) {
      if (lot.atMs <= fromMs || lot.atMs > untilMs) continue;
      for (const [reason, failures] of lot.byReason) {
        byReason.set(reason, (byReason.get(reason) ?? 0) + failures);
        total += failures;
      }
    }
    return { total, byReason };
  }

  /** What is usual is what was before it began: that failures go on does not make them usual. */
  function followSpikes({ settings: { detection }, nowMs }: Pick<HistoryMoment, 'settings' | 'nowMs'>): void {
    const { failures_window: windowMs, failures_min } = detection;
    for (const stage of new Set([...lots.keys(), ...spikes.keys()])) {
      const { total } = count(stage, nowMs - windowMs, nowMs);
      const known = spikes.get(stage);
      const usual = known?.usual ?? count(stage, nowMs - 2 * windowMs, nowMs - windowMs).total;
      const times = known ? TIMES_TO_GO_ON : TIMES_AS_MANY;
      if (total < failures_min || total < times * usual) spikes.delete(stage);
      else if (!known)
        spikes.set(stage, { beganAtMs: firstWithin(lots.get(stage), nowMs - windowMs), usual });
    }
  }

  return {
    spikes,
    count,
    isFull: (windowMs, nowMs) => firstLookMs !== undefined && nowMs - firstLookMs >= windowMs,
    note(moment) {
      const { fleet, settings, nowMs } = moment;
      const { seen } = fleet.sentinels;
      firstLookMs ??= nowMs;
      for (const { entry } of seen.since(seenSentinels)) {
        if (entry.outcome === 'failure') add(entry.stage, entry.reason ?? 'other', timeOf(entry, nowMs));
      }
      seenSentinels = seen.newest;
      forgetBefore(nowMs - 2 * settings.detection.failures_window);
      followSpikes(moment);
    },
  };
}

/** The file system's clock need not be ours: it is believed only where we were not looking. */
function timeOf({ writtenAtMs, delayMs }: SentinelSeen, nowMs: number): number {
  const isPrompt = delayMs !== undefined && delayMs <= PROMPT_MS;
  return isPrompt ? nowMs : Math.min(writtenAtMs, nowMs);
}

function firstWithin(lots: readonly Lot[] | undefined, fromMs: number): number {
  return lots?.find(({ atMs }) => atMs > fromMs)?.atMs ?? fromMs;
}
