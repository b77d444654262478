/** Compares the figures of a run with those of an earlier one. */

import type { Figure } from './figures.js';

export interface Change {
  readonly figure: Figure;
  readonly before: number | null;
  /** How much of the earlier value it rose (or fell, negative); null where that says nothing. */
  readonly ratio: number | null;
  readonly verdict: 'better' | 'worse' | 'same' | 'unknown';
}

/** Smaller differences are noise of the run. */
const SAME_WITHIN = 0.02;

export function compareFigures(now: readonly Figure[], before: readonly Figure[]): readonly Change[] {
  const earlier = new Map(before.map((figure) => [figure.name, figure.value]));
  return now.map((figure) => {
    const was = earlier.get(figure.name) ?? null;
    const ratio = figure.value === null || was === null || was === 0 ? null : figure.value / was - 1;
    return { figure, before: was, ratio, verdict: judge(figure, was) };
  });
}

function judge({ value, better }: Figure, before: number | null): Change['verdict'] {
  if (value === null || before === null) return 'unknown';
  const difference = value - before;
  if (Math.abs(difference) <= Math.abs(before) * SAME_WITHIN || better === null) return 'same';
  return difference > 0 === (better === 'more') ? 'better' : 'worse';
}
