/** Whether a queue fills or drains: its sustained rates over the last ten minutes, and when it will be empty. */

export interface QueueTrend {
  /** Change of the waiting messages; negative while it drains. */
  readonly perMinute: number;
  /** Messages published and acked; null where the broker does not count them. */
  readonly inPerMinute: number | null;
  readonly outPerMinute: number | null;
  /** Until no message waits, at this rate; 0 when none does, null while it does not drain. */
  readonly drainMs: number | null;
}

/** All as long as `times`, NaN where nothing was known. */
export interface QueueSeries {
  readonly times: readonly number[];
  readonly ready: readonly number[];
  readonly published: readonly number[];
  readonly acked: readonly number[];
}

const MINUTE_MS = 60_000;
export const TREND_WINDOW_MS = 10 * MINUTE_MS;
/** Of less than this nothing is concluded. */
const MIN_SPAN_MS = 30_000;
/** A queue that changes by less is steady: one message in twenty minutes. */
const STEADY_PER_MINUTE = 0.05;

/** Null until there is enough to tell. */
export function measureTrend({ times, ready, published, acked }: QueueSeries): QueueTrend | null {
  const depths = recent(times, ready);
  const last = depths.at(-1);
  const perMinute = fitSlope(depths);
  if (perMinute === null || !last) return null;
  const isDraining = perMinute <= -STEADY_PER_MINUTE;
  return {
    perMinute,
    inPerMinute: measureRise(recent(times, published)),
    outPerMinute: measureRise(recent(times, acked)),
    drainMs: last.value === 0 ? 0 : isDraining ? Math.round((last.value / -perMinute) * MINUTE_MS) : null,
  };
}

interface Point {
  readonly atMs: number;
  readonly value: number;
}

function recent(times: readonly number[], values: readonly number[]): readonly Point[] {
  const fromMs = (times.at(-1) ?? 0) - TREND_WINDOW_MS;
  return times.flatMap((atMs, index) => {
    const value = values[index] ?? Number.NaN;
    return atMs >= fromMs && !Number.isNaN(value) ? [{ atMs, value }] : [];
  });
}

/** Least squares, a minute: one batch that comes or goes does not turn the trend around as two end points would. */
function fitSlope(points: readonly Point[]): number | null {
  const first = points[0];
  if (!first || spanOf(points) < MIN_SPAN_MS) return null;
  const minutes = points.map(({ atMs }) => (atMs - first.atMs) / MINUTE_MS);
  const meanAt = mean(minutes);
  const meanValue = mean(points.map(({ value }) => value));
  let above = 0;
  let below = 0;
  for (const [index, { value }] of points.entries()) {
    const distance = (minutes[index] ?? 0) - meanAt;
    above += distance * (value - meanValue);
    below += distance * distance;
  }
  return round(above / below);
}

/** Of a counter that only rises, a minute. */
function measureRise(points: readonly Point[]): number | null {
  const first = points[0];
  const last = points.at(-1);
  const spanMs = spanOf(points);
  if (!first || !last || spanMs < MIN_SPAN_MS) return null;
  return round((last.value - first.value) / (spanMs / MINUTE_MS));
}

function spanOf(points: readonly Point[]): number {
  return (points.at(-1)?.atMs ?? 0) - (points[0]?.atMs ?? 0);
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Hundredths of a message are noise, and three digits less for each of hundreds of queues. */
function round(value: number): number {
  return Math.round(value * 100) / 100;
}
