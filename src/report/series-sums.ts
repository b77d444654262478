/** Sums over series of points: rises of counters that may begin anew, and several series as one. */

import type { SeriesPoint } from './run-facts.js';

/** By how much a counter rose up to each point; one that fell began anew from 0. The first point says nothing. */
export function risesOf(points: readonly SeriesPoint[]): readonly SeriesPoint[] {
  let before: number | null = null;
  return points.flatMap(({ atMs, value }) => {
    if (value === null) return [];
    const rose = before === null ? null : value >= before ? value - before : value;
    before = value;
    return rose === null ? [] : [{ atMs, value: rose }];
  });
}

export function rise(points: readonly SeriesPoint[]): number {
  return risesOf(points).reduce((sum, { value }) => sum + (value ?? 0), 0);
}

/** In the order of time; a series that has no point at a moment adds nothing to it. */
export function sumByTime(lists: readonly (readonly SeriesPoint[])[]): readonly SeriesPoint[] {
  const sums = new Map<number, number>();
  for (const { atMs, value } of lists.flat()) {
    if (value !== null) sums.set(atMs, (sums.get(atMs) ?? 0) + value);
  }
  return [...sums].map(([atMs, value]) => ({ atMs, value })).toSorted((one, other) => one.atMs - other.atMs);
}
