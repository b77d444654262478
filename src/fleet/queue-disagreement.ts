/** Decides whether two ways disagree on a depth by more than the age of what they tell. */

import type { Figure } from './queue-model.js';

export interface Witness {
  /** What the best way has said lately, oldest first: another way may still speak of that time. */
  readonly history: readonly Figure[];
  /** Reads in a row whose values do not fit. */
  readonly misfits: number;
}

export const NO_WITNESS: Witness = { history: [], misfits: 0 };

/** A queue in motion may differ once; standing apart for so many reads is no matter of time. */
const MISFITS_TO_DISAGREE = 3;
/** Over a minute of reads at the default interval. */
const MAX_HISTORY = 16;

export function isDisagreeing({ misfits }: Witness): boolean {
  return misfits >= MISFITS_TO_DISAGREE;
}

/** Takes one read: what each way said, best first. */
export function hearAll(witness: Witness, [best, ...others]: readonly Figure[]): Witness {
  if (best === undefined) return NO_WITNESS;
  const sameWay = witness.history.filter(({ via }) => via === best.via);
  const history = [...sameWay, best].slice(-MAX_HISTORY);
  // A way that is asked seldom does not end a disagreement by its silence.
  if (others.length === 0) return { history, misfits: witness.misfits };
  const isMisfit = others.some((other) => !fits(history, other));
  return { history, misfits: isMisfit ? witness.misfits + 1 : 0 };
}

/** Whether the other value lies between the least and the most of what the best way has said since its time. */
function fits(history: readonly Figure[], other: Figure): boolean {
  const since = keptSince(history, other.atMs);
  const isCovered = (since[0]?.atMs ?? Number.POSITIVE_INFINITY) <= other.atMs;
  if (!isCovered) return true;
  const values = since.map(({ value }) => value);
  return Math.min(...values) <= other.value && other.value <= Math.max(...values);
}

/** From the last figure that is no younger than `sinceMs` on. */
function keptSince(history: readonly Figure[], sinceMs: number): readonly Figure[] {
  const first = history.findLastIndex(({ atMs }) => atMs <= sinceMs);
  return first <= 0 ? history : history.slice(first);
}
