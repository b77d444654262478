/** Reads jobs, durations, waiting messages and GPU memory out of the journal's run summaries. */

import type { JournalEntry } from '../journal/journal-entry.js';
import { bottleneckShares, type StagePace } from './bottleneck-share.js';
import { fieldOf, numberOf, textOf, timeOf } from './events-from-journal.js';
import { quantileOf } from './histogram-quantile.js';
import type { GpuFacts, RestartCounts, SeriesPoint, StageFacts, TimeRange } from './run-facts.js';

export interface JournalWork {
  /** None: the journal holds no summaries of the range. */
  readonly stages: readonly StageFacts[];
  readonly throughput: readonly SeriesPoint[];
  readonly restartCounts: RestartCounts | null;
  readonly gpus: readonly GpuFacts[];
  /** The stages are told in the order of the DAG. */
  readonly isOrdered: boolean;
}

/** What came of one stage between two summaries. */
interface Step {
  readonly atMs: number;
  readonly seconds: number;
  readonly completed: number;
  readonly failed: number;
  readonly counts: readonly number[];
  readonly restarts: RestartCounts;
  readonly readyMean: number | null;
}

interface StageHistory {
  readonly id: string;
  readonly name: string | null;
  readonly branch: string | null;
  readonly isConfigured: boolean;
  bounds: readonly number[];
  readonly steps: Step[];
}

interface Told {
  readonly life: string;
  readonly completed: number;
  readonly failed: number;
  readonly counts: readonly number[];
  readonly restarts: RestartCounts;
}

const MOMENT_MS = 10_000;

const NOTHING: Omit<Told, 'life'> = {
  completed: 0,
  failed: 0,
  counts: [],
  restarts: { policy: 0, stagewatch: 0, other: 0 },
};

/** `entries` begin before the range where they can, so that counts have something to be counted from. */
export function readWork(entries: readonly JournalEntry[], range: TimeRange): JournalWork {
  const summaries = entries.filter(({ type }) => type === 'run_summary');
  const stages = [...collectSteps(summaries, range).values()];
  const configured = stages.filter(({ isConfigured }) => isConfigured);
  const shares = bottleneckShares(momentsOf(stages));
  const last = configured.at(-1);
  return {
    stages: stages.map((stage) => describeStage(stage, shares.get(stage.id) ?? 0)),
    throughput:
      last?.steps.map(({ atMs, seconds, completed }) => ({ atMs, value: perHour(completed, seconds) })) ?? [],
    restartCounts: stages.length === 0 ? null : sumRestarts(stages),
    gpus: readGpus(summaries, range),
    isOrdered: last !== undefined,
  };
}

function collectSteps(
  summaries: readonly JournalEntry[],
  range: TimeRange,
): ReadonlyMap<string, StageHistory> {
  const histories = new Map<string, StageHistory>();
  const before = new Map<string, Told>();
  for (const entry of summaries) {
    const atMs = timeOf(entry.at);
    if (atMs === null) continue;
    const life = textOf(entry['startedAt']) ?? '';
    const seconds = (numberOf(entry['intervalMs']) ?? 0) / 1000;
    for (const stage of listOf(entry['stages'])) {
      const id = textOf(fieldOf(stage, 'id'));
      if (id === null) continue;
      const told = readTold(stage, life);
      const known = before.get(id);
      before.set(id, told);
      if (atMs < range.fromMs || atMs > range.toMs) continue;
      const history = histories.get(id) ?? beginHistory(id, stage);
      histories.set(id, history);
      history.bounds = numbersOf(fieldOf(stage, 'bounds'));
      // A new life of the daemon counts from nothing.
      const since = known && known.life === life ? known : NOTHING;
      history.steps.push({
        atMs,
        seconds,
        completed: Math.max(0, told.completed - since.completed),
        failed: Math.max(0, told.failed - since.failed),
        counts: told.counts.map((count, index) => Math.max(0, count - (since.counts[index] ?? 0))),
        restarts: minus(told.restarts, since.restarts),
        readyMean: numberOf(fieldOf(stage, 'readyMean')),
      });
    }
  }
  return histories;
}

function beginHistory(id: string, stage: unknown): StageHistory {
  return {
    id,
    name: textOf(fieldOf(stage, 'name')),
    branch: textOf(fieldOf(stage, 'branch')),
    isConfigured: fieldOf(stage, 'isConfigured') === true,
    bounds: [],
    steps: [],
  };
}

function readTold(stage: unknown, life: string): Told {
  const count = (value: unknown, field: string): number => numberOf(fieldOf(value, field)) ?? 0;
  const restarts = fieldOf(stage, 'restarts');
  return {
    life,
    completed: count(stage, 'completed'),
    failed: count(stage, 'failed'),
    counts: numbersOf(fieldOf(stage, 'counts')),
    restarts: {
      policy: count(restarts, 'policy'),
      stagewatch: count(restarts, 'stagewatch'),
      other: count(restarts, 'other'),
    },
  };
}

function minus(one: RestartCounts, other: RestartCounts): RestartCounts {
  return {
    policy: Math.max(0, one.policy - other.policy),
    stagewatch: Math.max(0, one.stagewatch - other.stagewatch),
    other: Math.max(0, one.other - other.other),
  };
}

function sumRestarts(stages: readonly StageHistory[]): RestartCounts {
  const sum = { policy: 0, stagewatch: 0, other: 0 };
  for (const { restarts } of stages.flatMap(({ steps }) => steps)) {
    for (const cause of ['policy', 'stagewatch', 'other'] as const) sum[cause] += restarts[cause];
  }
  return sum;
}

function describeStage(
  { id, name, branch, bounds, steps }: StageHistory,
  bottleneckShare: number,
): StageFacts {
  const total = (value: (step: Step) => number): number => steps.reduce((sum, step) => sum + value(step), 0);
  const counts = Array.from({ length: bounds.length + 1 }, (_, index) =>
    total((step) => step.counts[index] ?? 0),
  );
  const taken = total(({ completed, failed }) => completed + failed);
  const isWatched = steps.some(({ readyMean }) => readyMean !== null);
  const waited = total(({ readyMean, seconds }) => (readyMean ?? 0) * seconds);
  return {
    id,
    name,
    branch,
    completed: total(({ completed }) => completed),
    failed: total(({ failed }) => failed),
    p50Seconds: quantileOf(0.5, bounds, counts),
    p95Seconds: quantileOf(0.95, bounds, counts),
    queueWaitSeconds: isWatched ? meanWait(waited, taken, steps.at(-1)?.readyMean ?? 0) : null,
    bottleneckShare: isWatched ? bottleneckShare : null,
    stuckSeconds: 0,
    gpuPeakBytes: null,
    gpuIdleHours: null,
    waiting: steps.map(({ atMs, readyMean }) => ({ atMs, value: readyMean })),
  };
}

/** Time waited by all together, for each that was taken or still waits; null where nothing came. */
export function meanWait(waitedSeconds: number, taken: number, stillWaiting: number): number | null {
  const came = taken + stillWaiting;
  return came > 0 ? waitedSeconds / came : null;
}

function momentsOf(stages: readonly StageHistory[]): readonly (readonly StagePace[])[] {
  const moments = new Map<number, StagePace[]>();
  for (const { id, steps } of stages) {
    for (const { atMs, readyMean, seconds, completed, failed } of steps) {
      if (readyMean === null || seconds <= 0) continue;
      const pace = { stage: id, waiting: readyMean, pace: (completed + failed) / seconds };
      // The entries of one summary are written within milliseconds.
      const at = Math.round(atMs / MOMENT_MS);
      const moment = moments.get(at);
      if (moment) moment.push(pace);
      else moments.set(at, [pace]);
    }
  }
  return [...moments.values()];
}

function readGpus(summaries: readonly JournalEntry[], range: TimeRange): readonly GpuFacts[] {
  const gpus = new Map<string, GpuFacts>();
  for (const entry of summaries) {
    const atMs = timeOf(entry.at);
    if (atMs === null || atMs < range.fromMs || atMs > range.toMs) continue;
    for (const told of listOf(entry['gpus'])) {
      const gpu = textOf(fieldOf(told, 'gpu'));
      const peakBytes = numberOf(fieldOf(told, 'peakBytes'));
      if (gpu === null || peakBytes === null) continue;
      const known = gpus.get(gpu);
      const stages = new Set([
        ...(known?.stages ?? []),
        ...listOf(fieldOf(told, 'stages')).flatMap((one) => textOf(one) ?? []),
      ]);
      gpus.set(gpu, {
        gpu,
        peakBytes: Math.max(peakBytes, known?.peakBytes ?? 0),
        totalBytes: numberOf(fieldOf(told, 'totalBytes')) ?? known?.totalBytes ?? null,
        stages: [...stages].toSorted(),
      });
    }
  }
  return [...gpus.values()].toSorted((one, other) =>
    one.gpu.localeCompare(other.gpu, 'en', { numeric: true }),
  );
}

export function perHour(count: number, seconds: number): number | null {
  return seconds > 0 ? (count / seconds) * 3600 : null;
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? (value as readonly unknown[]) : [];
}

function numbersOf(value: unknown): readonly number[] {
  return listOf(value).map((one) => numberOf(one) ?? 0);
}
