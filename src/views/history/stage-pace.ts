/** How fast a stage works: jobs an hour, and the time that 95 of 100 jobs stay below. */

import type { Histogram } from '../../lib/histogram.js';

export interface StagePace {
  /** Null until there is enough to tell. */
  readonly jobsPerHour: number | null;
  /** Of the last hour; of all since the daemon's start where the last hour has too few. */
  readonly p95JobSeconds: number | null;
}

const HOUR_MS = 3_600_000;
/** A rate looks back this far at least, and as much further as it takes to count enough jobs. */
const PACE_WINDOW_MS = 10 * 60_000;
const ENOUGH_JOBS = 30;
const MIN_SPAN_MS = 30_000;
/** Fewer jobs have no 95th percentile worth the name. */
const MIN_DURATIONS = 5;

/** `completed` is a counter that only rises, as long as `times`, NaN where nothing was known. */
export function measureJobsPerHour(times: readonly number[], completed: readonly number[]): number | null {
  const lastIndex = completed.findLastIndex((value) => !Number.isNaN(value));
  const lastAtMs = times[lastIndex];
  const lastCount = completed[lastIndex];
  if (lastAtMs === undefined || lastCount === undefined) return null;
  let rate: number | null = null;
  for (let index = lastIndex - 1; index >= 0; index--) {
    const spanMs = lastAtMs - (times[index] ?? lastAtMs);
    const jobs = lastCount - (completed[index] ?? Number.NaN);
    if (Number.isNaN(jobs) || spanMs < MIN_SPAN_MS) continue;
    rate = Math.round((jobs / spanMs) * HOUR_MS * 10) / 10;
    if (spanMs >= PACE_WINDOW_MS && jobs >= ENOUGH_JOBS) break;
  }
  return rate;
}

/** `before`: the same histogram as it stood when the time that is looked at began. */
export function measureP95(now: Histogram, before: Histogram | undefined): number | null {
  const since = before ? now.counts.map((count, index) => count - (before.counts[index] ?? 0)) : now.counts;
  const counts = sum(since) >= ENOUGH_JOBS ? since : now.counts;
  return sum(counts) < MIN_DURATIONS ? null : quantileOf(0.95, now.bounds, counts);
}

/** Interpolated within its bucket, as Prometheus does; above all bounds it is the last of them. */
function quantileOf(quantile: number, bounds: readonly number[], counts: readonly number[]): number {
  const rank = quantile * sum(counts);
  let below = 0;
  for (const [index, bound] of bounds.entries()) {
    const count = counts[index] ?? 0;
    if (count > 0 && below + count >= rank) {
      const lower = bounds[index - 1] ?? 0;
      return Math.round((lower + (bound - lower) * ((rank - below) / count)) * 10) / 10;
    }
    below += count;
  }
  return bounds.at(-1) ?? 0;
}

function sum(counts: readonly number[]): number {
  return counts.reduce((total, count) => total + count, 0);
}
