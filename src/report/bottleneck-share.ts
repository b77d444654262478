/**
 * Says how long each stage was the bottleneck: at a moment that is the stage whose waiting messages take longest to be
 * worked off at its pace, if that is longer than a minute.
 */

export interface StagePace {
  readonly stage: string;
  readonly waiting: number;
  /** Messages a second that leave. */
  readonly pace: number;
}

const MIN_DRAIN_SECONDS = 60;

export function bottleneckAt(paces: readonly StagePace[]): string | null {
  let worst: { readonly stage: string; readonly seconds: number } | null = null;
  for (const { stage, waiting, pace } of paces) {
    if (waiting <= 0) continue;
    const seconds = pace > 0 ? waiting / pace : Number.POSITIVE_INFINITY;
    if (seconds >= MIN_DRAIN_SECONDS && (worst === null || seconds > worst.seconds))
      worst = { stage, seconds };
  }
  return worst?.stage ?? null;
}

/** By stage, of moments that last equally long; a stage that never was is missing. */
export function bottleneckShares(moments: readonly (readonly StagePace[])[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const moment of moments) {
    const stage = bottleneckAt(moment);
    if (stage !== null) counts.set(stage, (counts.get(stage) ?? 0) + 1);
  }
  return new Map([...counts].map(([stage, count]) => [stage, count / moments.length]));
}
