/**
 * Decides what the times in a report are worth. They are the writer's claim; that a file or message came between two of
 * our readings, and the file's own time, are facts. Where claim and facts differ by more than a tolerance (a clock that is
 * off, local time without a zone) the facts date what happened, and the claims are compared with each other only.
 */

import type { ProgressReport } from './progress-model.js';

/** The circumstances of a reading, by our clock. */
export interface ReadingTimes {
  readonly atMs: number;
  /** The reading before, which would have seen it; undefined at the first. */
  readonly sinceMs?: number | undefined;
  readonly mtimeMs?: number | undefined;
  readonly isByMessage?: true;
}

/** A writer's clock may be this far ahead before anybody needs to know: it cannot write in the future. */
const AHEAD_LIMIT_MS = 5000;
/** Behind is also what takes long to write. */
const BEHIND_LIMIT_MS = 30_000;
/** While the broker holds publishers up, messages come as late as that, and no clock is wrong. */
const MESSAGE_LAG_MS = 5 * 60_000;
/** A job may run for so long before its first progress is written. */
const MAX_UNTOLD_START_MS = 10 * 60_000;
const QUARTER_HOUR_MS = 15 * 60_000;
const LEAST_OFFSET_MS = 30 * 60_000;
const OFFSET_SLACK_MS = 2 * 60_000;

/** How far the writer's clock is ahead of ours, negative: behind; undefined within the limits. */
export function clockSkewOf({ updatedAtMs, startedAtMs }: ProgressReport, times: ReadingTimes) {
  const { atMs, mtimeMs } = times;
  const aheadMs = (updatedAtMs ?? Math.max(mtimeMs ?? atMs, startedAtMs ?? 0)) - atMs;
  if (aheadMs > AHEAD_LIMIT_MS) return aheadMs;
  if (updatedAtMs === undefined) return undefined;
  const behindMs = writtenAt(times) - updatedAtMs;
  return behindMs > BEHIND_LIMIT_MS ? -behindMs : undefined;
}

/** By facts alone. */
function writtenAt({ atMs, sinceMs = Number.NEGATIVE_INFINITY, mtimeMs = atMs }: ReadingTimes): number {
  return Math.min(Math.max(mtimeMs, sinceMs), atMs);
}

/** Between the reading before and this one; within that, when the writer or the file says. */
export function changeTime(
  { updatedAtMs }: ProgressReport,
  times: ReadingTimes,
  skewMs: number | undefined,
): number {
  const isTrusted = skewMs === undefined && updatedAtMs !== undefined;
  return writtenAt(isTrusted ? { ...times, mtimeMs: updatedAtMs } : times);
}

/** When the job began, no later than `changedAtMs`; an incredible claim counts for nothing. */
export function startTime(
  report: ProgressReport,
  times: ReadingTimes,
  { skewMs, changedAtMs }: { readonly skewMs: number | undefined; readonly changedAtMs: number },
): number {
  const { startedAtMs } = report;
  if (startedAtMs === undefined || isStartDoubtful(report, times, skewMs)) return changedAtMs;
  return Math.min(startedAtMs - (skewMs ?? 0), changedAtMs);
}

/** Nothing tells whether its clock is right, and it says what cannot well be. */
export function isStartDoubtful(
  { startedAtMs, updatedAtMs, isStartZoneless }: ProgressReport,
  { sinceMs }: ReadingTimes,
  skewMs: number | undefined,
): boolean {
  if (startedAtMs === undefined || updatedAtMs !== undefined || skewMs !== undefined) return false;
  if (sinceMs === undefined) return isStartZoneless === true;
  return startedAtMs < sinceMs - MAX_UNTOLD_START_MS;
}

/** A writer that repeats an old time with each heartbeat has no wrong clock: only one that it set anew tells. */
export function isSkewCertain(
  skewMs: number,
  { isByMessage, sinceMs }: ReadingTimes,
  stamps: {
    readonly before: number | undefined;
    readonly now: number | undefined;
    readonly isKnown: boolean;
  },
): boolean {
  if (skewMs > 0) return true;
  if (isByMessage && skewMs > -MESSAGE_LAG_MS) return false;
  return stamps.isKnown ? stamps.before !== stamps.now : sinceMs !== undefined;
}

/** As far off as local time is that is written without its zone. */
export function isZoneOffset(skewMs: number): boolean {
  const offMs = Math.abs(skewMs);
  const restMs = offMs % QUARTER_HOUR_MS;
  return (
    offMs >= LEAST_OFFSET_MS - OFFSET_SLACK_MS &&
    Math.min(restMs, QUARTER_HOUR_MS - restMs) <= OFFSET_SLACK_MS
  );
}
