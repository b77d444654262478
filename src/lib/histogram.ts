/** A histogram as a value: fixed upper bounds, counts that only rise. */

export interface Histogram {
  /** Upper bounds in rising order, without +Inf. */
  readonly bounds: readonly number[];
  /** Observations at or below each bound and above the one before; the last entry is above all bounds. */
  readonly counts: readonly number[];
  readonly sum: number;
}

export function emptyHistogram(bounds: readonly number[]): Histogram {
  return { bounds, counts: new Array<number>(bounds.length + 1).fill(0), sum: 0 };
}

export function observe(histogram: Histogram, value: number): Histogram {
  const found = histogram.bounds.findIndex((bound) => value <= bound);
  const index = found < 0 ? histogram.bounds.length : found;
  const counts = histogram.counts.with(index, (histogram.counts[index] ?? 0) + 1);
  return { bounds: histogram.bounds, counts, sum: histogram.sum + value };
}
