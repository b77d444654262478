/** Decides what a count below the one before means: one such reading is a blink, several in a row are a new start. */

/** What one counter said last. */
export interface LastCount {
  readonly value: number;
  /** The readings below `value` since: the first and the last of them, and how many in a row. */
  readonly low?: { readonly first: number; readonly value: number; readonly readings: number };
}

/** `held`: nothing is to be made of this reading yet. `restarted`: it counts from nothing since `value` was said. */
export type CountVerdict = 'counts' | 'held' | 'restarted';

/** Balancers, caches and thin answers take turns; what so many readings in a row say is no blink. */
const READINGS_TO_LAST = 3;

export interface TakenCount {
  readonly verdict: CountVerdict;
  readonly last: LastCount;
  /** Of a restarted one: by how much it rose while it was held. */
  readonly seenRise: number;
}

export function takeCount(before: LastCount | undefined, value: number): TakenCount {
  if (before === undefined || value >= before.value)
    return { verdict: 'counts', last: { value }, seenRise: 0 };
  const isSame = before.low !== undefined && value >= before.low.value;
  const first = isSame ? before.low.first : value;
  const readings = isSame ? before.low.readings + 1 : 1;
  if (readings >= READINGS_TO_LAST) {
    return { verdict: 'restarted', last: { value }, seenRise: value - first };
  }
  return { verdict: 'held', last: { value: before.value, low: { first, value, readings } }, seenRise: 0 };
}
