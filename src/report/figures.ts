/** The figures of a run by name: what reports compare and what `--fail-if` asks about. */

import { detectSeconds, type RunFacts, recoverSeconds } from './run-facts.js';

export interface Figure {
  readonly name: string;
  /** In words. */
  readonly title: string;
  readonly value: number | null;
  readonly unit: 'count' | 'seconds' | 'share' | 'perHour';
  /** Which way is better; null: neither. */
  readonly better: 'less' | 'more' | null;
}

/** Names are fixed: people write them into scripts. */
export function listFigures(facts: RunFacts): readonly Figure[] {
  const hours = (facts.range.toMs - facts.range.fromMs) / 3_600_000;
  const { documentsDone: done, documentsFailed: failed, alerts, stages, restarts, gpus } = facts;
  const jobs = (value: 'completed' | 'failed'): number | null =>
    stages.length === 0 ? null : stages.reduce((sum, stage) => sum + stage[value], 0);
  const own = alerts.filter(({ isConsequence }) => !isConsequence);
  const ofSeverity = (severity: string): number => own.filter((alert) => alert.severity === severity).length;
  const result = (word: string): number => restarts.filter((one) => one.result === word).length;
  const memory = gpus.flatMap(({ peakBytes, totalBytes }) => (totalBytes ? peakBytes / totalBytes : []));
  const less = 'less' as const;
  const count = { unit: 'count', better: less } as const;
  const seconds = { unit: 'seconds', better: less } as const;
  return [
    { name: 'done', title: 'documents done', value: done, unit: 'count', better: 'more' },
    { name: 'failed', title: 'documents failed', value: failed, ...count },
    {
      name: 'throughput',
      title: 'documents an hour',
      value: done === null || hours <= 0 ? null : done / hours,
      unit: 'perHour',
      better: 'more',
    },
    { name: 'jobs', title: 'jobs completed', value: jobs('completed'), unit: 'count', better: 'more' },
    { name: 'jobs_failed', title: 'jobs failed', value: jobs('failed'), ...count },
    { name: 'critical', title: 'critical alerts', value: ofSeverity('critical'), ...count },
    { name: 'warnings', title: 'warnings', value: ofSeverity('warning'), ...count },
    { name: 'open', title: 'alerts open at the end', value: own.filter(isOpen).length, ...count },
    { name: 'detect', title: 'median time to detect', value: median(own.map(detectSeconds)), ...seconds },
    { name: 'recover', title: 'median time to recover', value: median(own.map(recoverSeconds)), ...seconds },
    { name: 'stuck', title: 'worker time stuck', value: sumSeconds(facts), ...seconds },
    {
      name: 'restarts',
      title: 'restarts by stagewatch',
      value: restarts.length - result('dry_run'),
      ...count,
    },
    {
      name: 'not_recovered',
      title: 'restarts in vain',
      value: result('not_recovered') + result('failed'),
      ...count,
    },
    {
      name: 'gpu_memory',
      title: 'highest GPU memory',
      value: memory.length === 0 ? null : Math.max(...memory),
      unit: 'share',
      better: null,
    },
  ];
}

function isOpen({ clearedAtMs, severity }: RunFacts['alerts'][number]): boolean {
  return clearedAtMs === null && severity !== 'info';
}

function sumSeconds({ stuck }: RunFacts): number {
  return stuck.reduce((sum, { seconds }) => sum + seconds, 0);
}

function median(values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null).toSorted((one, other) => one - other);
  if (known.length === 0) return null;
  const middle = (known.length - 1) / 2;
  return ((known[Math.floor(middle)] ?? 0) + (known[Math.ceil(middle)] ?? 0)) / 2;
}
