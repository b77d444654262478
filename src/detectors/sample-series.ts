/** Samples of one quantity over time, spaced out and bounded, the oldest first. */

export interface Sample {
  readonly atMs: number;
}

export interface SeriesLimits {
  /** Samples that come sooner after the last are left out. */
  readonly spacingMs: number;
  /** How far back samples are kept. */
  readonly keptMs: number;
}

/** The series with the sample, if it is time for one; the same series if not. */
export function addSample<S extends Sample>(
  series: readonly S[],
  sample: S,
  { spacingMs, keptMs }: SeriesLimits,
): readonly S[] {
  const last = series.at(-1);
  if (last && sample.atMs - last.atMs < spacingMs) return series;
  const from = series.findIndex(({ atMs }) => sample.atMs - atMs <= keptMs);
  return [...(from < 0 ? [] : series.slice(from)), sample];
}
