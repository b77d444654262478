/** Reads out of Prometheus which findings were open from when to when. */

import type { PrometheusSeries } from './prometheus-client.js';
import type { AlertFacts, SeriesPoint, TimeRange } from './run-facts.js';

/** The moments of a range query. */
export interface Grid {
  readonly range: TimeRange;
  readonly stepMs: number;
}

/** What tells one finding from another. */
export const FINDING_LABELS = [
  'kind',
  'severity',
  'container',
  'stage',
  'queue',
  'gpu',
  'source',
  'cause',
] as const;

/** A finding is open from the first to the last step of an unbroken run of points. */
export function readAlerts(
  findings: readonly PrometheusSeries[],
  began: readonly PrometheusSeries[],
  { range, stepMs }: Grid,
): readonly AlertFacts[] {
  const keyOf = (labels: PrometheusSeries['labels']): string =>
    JSON.stringify(FINDING_LABELS.map((label) => labels[label] ?? ''));
  const begins = new Map(began.map(({ labels, points }) => [keyOf(labels), points]));
  return findings
    .flatMap(({ labels, points }) =>
      runsOf(points, stepMs).map(({ fromMs, toMs }): AlertFacts => {
        const beganAt = begins.get(keyOf(labels))?.find(({ atMs }) => atMs === fromMs)?.value;
        const of = (label: string): string | null => labels[label] || null;
        const gpu = of('gpu');
        return {
          kind: of('kind') ?? 'unknown',
          severity: of('severity') ?? 'warning',
          subject:
            of('container') ?? of('queue') ?? of('source') ?? (gpu && `GPU ${gpu}`) ?? of('stage') ?? '',
          stage: of('stage'),
          container: of('container'),
          summary: null,
          isConsequence: of('cause') !== null,
          beganAtMs: beganAt === null || beganAt === undefined ? null : beganAt * 1000,
          openedAtMs: fromMs,
          clearedAtMs: toMs + stepMs > range.toMs ? null : toMs,
        };
      }),
    )
    .toSorted((one, other) => one.openedAtMs - other.openedAtMs);
}

function runsOf(points: readonly SeriesPoint[], stepMs: number): readonly TimeRange[] {
  const runs: { fromMs: number; toMs: number }[] = [];
  for (const { atMs } of points) {
    const last = runs.at(-1);
    if (last && atMs - last.toMs <= stepMs * 1.5) last.toMs = atMs;
    else runs.push({ fromMs: atMs, toMs: atMs });
  }
  return runs;
}
