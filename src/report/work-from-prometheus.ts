/** Reads jobs, durations, waiting messages, stuck time, restarts and GPU memory of a range out of a Prometheus. */

import { FINDING_LABELS, type Grid, readAlerts } from './alerts-from-prometheus.js';
import { bottleneckShares, type StagePace } from './bottleneck-share.js';
import {
  chooseStepMs,
  type PrometheusAnswer,
  type PrometheusClient,
  type PrometheusSeries,
} from './prometheus-client.js';
import type {
  AlertFacts,
  GpuFacts,
  RestartCounts,
  SeriesPoint,
  StageFacts,
  StuckFacts,
  TimeRange,
} from './run-facts.js';
import { rise, risesOf, sumByTime } from './series-sums.js';
import { meanWait } from './work-from-journal.js';

export interface PrometheusWork {
  readonly stages: readonly StageFacts[];
  readonly throughput: readonly SeriesPoint[];
  readonly restartCounts: RestartCounts | null;
  readonly gpus: readonly GpuFacts[];
  readonly stuck: readonly StuckFacts[];
  readonly alerts: readonly AlertFacts[];
  /** Failure sentinels by reason. */
  readonly failures: ReadonlyMap<string, number>;
  readonly isOrdered: boolean;
  /** Metrics that it lacks or could not tell, as sentences. */
  readonly notes: readonly string[];
}

const BY_FINDING = FINDING_LABELS.join(', ');

const HELD = 'pipeline_container_gpu_memory_bytes{stage!=""}';
/** By container and GPU: the share of the GPU's memory that a worker without a job holds; as the recording rule has it. */
const HELD_IDLE = `(${HELD} / on (job, instance, uuid) group_left pipeline_gpu_memory_total_bytes{mig=""} and on (job, instance, container) pipeline_worker_status{status=~"idle|starved"} == 1)`;

/** Over all daemons that watch the pipeline; a queue is one queue whoever looks at it. */
function queriesFor(range: TimeRange, stepMs: number) {
  const whole = `${Math.max(1, Math.round((range.toMs - range.fromMs) / 1000))}s`;
  const step = `${Math.round(stepMs / 1000)}s`;
  const quantile = (q: number): string =>
    `histogram_quantile(${q}, sum by (stage, le) (increase(pipeline_stage_job_duration_seconds_bucket[${whole}])))`;
  return {
    atEnd: {
      info: `max by (stage, name, branch, order) (last_over_time(pipeline_stage_info[${whole}]))`,
      p50: quantile(0.5),
      p95: quantile(0.95),
      peaks: `max by (gpu, uuid) (max_over_time(pipeline_gpu_memory_used_bytes[${whole}]))`,
      totals: `max by (gpu, uuid) (max_over_time(pipeline_gpu_memory_total_bytes[${whole}]))`,
      held: `max_over_time((sum by (stage) (${HELD}))[${whole}:${step}])`,
      heldIdle: `avg_over_time((sum by (stage) (${HELD_IDLE} or 0 * ${HELD}))[${whole}:${step}])`,
      users: `count by (gpu, stage) (last_over_time(pipeline_gpu_container_info[${whole}]))`,
    },
    overTime: {
      completed: 'pipeline_stage_jobs_completed_total',
      failed: 'pipeline_stage_jobs_failed_total',
      failures: 'pipeline_failures_total',
      restarts: 'sum by (instance, cause) (pipeline_container_restarts_total{role!="other"})',
      waiting: `max by (stage, queue) (avg_over_time(pipeline_queue_messages_ready{stage!=""}[${step}]))`,
      stuck: `max by (container, stage) (avg_over_time(pipeline_worker_status{status="stuck"}[${step}])) > 0`,
      findings: `max by (${BY_FINDING}) (max_over_time(pipeline_finding_active[${step}]))`,
      began: `min by (${BY_FINDING}) (max_over_time(pipeline_finding_began_timestamp_seconds[${step}]))`,
    },
  };
}

type Name = keyof ReturnType<typeof queriesFor>['atEnd'] | keyof ReturnType<typeof queriesFor>['overTime'];

/** What a report says of a metric that is missing; of the others a lack means that nothing happened. */
const NEEDED: Readonly<Partial<Record<Name, string>>> = {
  info: 'no pipeline_stage_info: stages are in order of their names, and which one ends a document is not known',
  completed: 'no pipeline_stage_jobs_completed_total: nobody told of jobs in this range',
  waiting: 'no pipeline_queue_messages_ready: queue wait and bottlenecks are not known',
  peaks: 'no pipeline_gpu_memory_used_bytes: GPU memory is not known',
};

export async function askForWork(
  client: PrometheusClient,
  range: TimeRange,
): Promise<PrometheusWork | { readonly problem: string }> {
  const stepMs = chooseStepMs(range);
  const queries = queriesFor(range, stepMs);
  const entries = [
    ...Object.entries(queries.atEnd).map(([name, text]) => [name, client.query(text, range.toMs)] as const),
    ...Object.entries(queries.overTime).map(
      ([name, text]) => [name, client.queryRange(text, range, stepMs)] as const,
    ),
  ];
  const answers = new Map<string, PrometheusAnswer>();
  for (const [name, answer] of entries) answers.set(name, await answer);
  const failed = [...answers].flatMap(([name, answer]) =>
    answer.kind === 'failed' ? [[name, answer.problem] as const] : [],
  );
  if (failed.length === answers.size) return { problem: failed[0]?.[1] ?? 'nothing was asked' };
  const seriesOf = (name: Name): readonly PrometheusSeries[] => {
    const answer = answers.get(name);
    return answer?.kind === 'ok' ? answer.series : [];
  };
  const missing = Object.entries(NEEDED).flatMap(([name, note]) =>
    answers.get(name)?.kind === 'ok' && seriesOf(name as Name).length === 0 ? note : [],
  );
  return {
    ...digest(seriesOf, { range, stepMs }),
    notes: [
      ...failed.map(([name, problem]) => `Prometheus could not tell of ${name}: ${problem}`),
      ...missing,
    ],
  };
}

type SeriesOf = (name: Name) => readonly PrometheusSeries[];

function digest(seriesOf: SeriesOf, grid: Grid): Omit<PrometheusWork, 'notes'> {
  const completed = risesByStage(seriesOf('completed'));
  const failed = risesByStage(seriesOf('failed'));
  const waiting = groupByStage(seriesOf('waiting'), ({ points }) => points);
  const stuck = readStuck(seriesOf('stuck'), grid);
  const infos = readInfos(seriesOf('info'));
  const others = [...new Set([...completed.keys(), ...waiting.keys()])]
    .filter((id) => !infos.has(id))
    .toSorted();
  const ids = [...infos.keys(), ...others];
  const shares = bottleneckShares(momentsOf(ids, { completed, failed, waiting, stepMs: grid.stepMs }));
  const last = [...infos.keys()].at(-1);
  const restarts = seriesOf('restarts');
  return {
    stages: ids.map((id): StageFacts => {
      const done = total(completed.get(id));
      const bad = total(failed.get(id));
      const queue = waiting.get(id);
      const waitedSeconds = total(queue) * (grid.stepMs / 1000);
      return {
        id,
        name: infos.get(id)?.name ?? null,
        branch: infos.get(id)?.branch ?? null,
        completed: done,
        failed: bad,
        p50Seconds: firstValue(seriesOf('p50'), id),
        p95Seconds: firstValue(seriesOf('p95'), id),
        queueWaitSeconds: queue ? meanWait(waitedSeconds, done + bad, queue.at(-1)?.value ?? 0) : null,
        bottleneckShare: waiting.size === 0 ? null : (shares.get(id) ?? 0),
        stuckSeconds: stuck
          .filter(({ stage }) => stage === id)
          .reduce((sum, { seconds }) => sum + seconds, 0),
        gpuPeakBytes: firstValue(seriesOf('held'), id),
        gpuIdleHours: timesHours(firstValue(seriesOf('heldIdle'), id), grid),
        waiting: queue ?? [],
      };
    }),
    throughput: last === undefined ? [] : perHourOver(completed.get(last) ?? [], grid.stepMs),
    restartCounts: restarts.length === 0 ? null : countRestarts(restarts),
    gpus: readGpus(seriesOf),
    stuck,
    alerts: readAlerts(seriesOf('findings'), seriesOf('began'), grid),
    failures: sumRises(seriesOf('failures'), 'reason'),
    isOrdered: last !== undefined,
  };
}

/** Of ten minutes each, or of a step where that is longer: single documents would make it jump. */
function perHourOver(points: readonly SeriesPoint[], stepMs: number): readonly SeriesPoint[] {
  const size = Math.max(1, Math.round(PACE_WINDOW_MS / stepMs));
  const windows = Array.from({ length: Math.floor(points.length / size) }, (_, index) =>
    points.slice(index * size, (index + 1) * size),
  );
  return windows.map((window) => ({
    atMs: window.at(-1)?.atMs ?? 0,
    value: (total(window) * 3_600_000) / (window.length * stepMs),
  }));
}

function readInfos(series: readonly PrometheusSeries[]) {
  const sorted = series.toSorted(
    (one, other) => Number(one.labels['order'] ?? 0) - Number(other.labels['order'] ?? 0),
  );
  return new Map(
    sorted.map(({ labels }) => [
      labels['stage'] ?? '',
      { name: labels['name'] || null, branch: labels['branch'] || null },
    ]),
  );
}

/** Jobs of each step, of all daemons together. */
function risesByStage(series: readonly PrometheusSeries[]): ReadonlyMap<string, readonly SeriesPoint[]> {
  return groupByStage(series, ({ points }) => risesOf(points));
}

function groupByStage(
  series: readonly PrometheusSeries[],
  pointsOf: (one: PrometheusSeries) => readonly SeriesPoint[],
): ReadonlyMap<string, readonly SeriesPoint[]> {
  const groups = new Map<string, (readonly SeriesPoint[])[]>();
  for (const one of series) {
    const stage = one.labels['stage'] ?? '';
    groups.set(stage, [...(groups.get(stage) ?? []), pointsOf(one)]);
  }
  return new Map([...groups].map(([stage, lists]) => [stage, sumByTime(lists)]));
}

function total(points: readonly SeriesPoint[] | undefined): number {
  return (points ?? []).reduce((sum, { value }) => sum + (value ?? 0), 0);
}

function firstValue(series: readonly PrometheusSeries[], stage: string): number | null {
  return series.find(({ labels }) => labels['stage'] === stage)?.points[0]?.value ?? null;
}

interface Flows {
  readonly completed: ReadonlyMap<string, readonly SeriesPoint[]>;
  readonly failed: ReadonlyMap<string, readonly SeriesPoint[]>;
  readonly waiting: ReadonlyMap<string, readonly SeriesPoint[]>;
  readonly stepMs: number;
}

const PACE_WINDOW_MS = 10 * 60_000;

/** The pace at a moment is that of the ten minutes before it: single jobs would make it jump. */
function momentsOf(
  ids: readonly string[],
  { completed, failed, waiting, stepMs }: Flows,
): readonly (readonly StagePace[])[] {
  const steps = Math.max(1, Math.round(PACE_WINDOW_MS / stepMs));
  const moments = new Map<number, StagePace[]>();
  for (const stage of ids) {
    const left = sumByTime([completed.get(stage) ?? [], failed.get(stage) ?? []]);
    const indexOf = new Map(left.map(({ atMs }, index) => [atMs, index]));
    for (const { atMs, value } of waiting.get(stage) ?? []) {
      const index = indexOf.get(atMs);
      const window = index === undefined ? [] : left.slice(Math.max(0, index - steps + 1), index + 1);
      const pace = window.length === 0 ? 0 : total(window) / ((window.length * stepMs) / 1000);
      const moment = moments.get(atMs) ?? [];
      moment.push({ stage, waiting: value ?? 0, pace });
      moments.set(atMs, moment);
    }
  }
  return [...moments.values()];
}

function timesHours(value: number | null, { range }: Grid): number | null {
  return value === null ? null : (value * (range.toMs - range.fromMs)) / 3_600_000;
}

function countRestarts(series: readonly PrometheusSeries[]): RestartCounts {
  const counts = sumRises(series, 'cause');
  const of = (cause: string): number => Math.round(counts.get(cause) ?? 0);
  return { policy: of('policy'), stagewatch: of('stagewatch'), other: of('other') };
}

function sumRises(series: readonly PrometheusSeries[], label: string): ReadonlyMap<string, number> {
  const sums = new Map<string, number>();
  for (const { labels, points } of series) {
    const key = labels[label] ?? '';
    sums.set(key, (sums.get(key) ?? 0) + rise(points));
  }
  return sums;
}

function readStuck(series: readonly PrometheusSeries[], { stepMs }: Grid): readonly StuckFacts[] {
  return series
    .map(({ labels, points }) => ({
      container: labels['container'] ?? '',
      stage: labels['stage'] || null,
      seconds: total(points) * (stepMs / 1000),
    }))
    .toSorted((one, other) => other.seconds - one.seconds);
}

function readGpus(seriesOf: SeriesOf): readonly GpuFacts[] {
  const keyOf = ({ labels }: PrometheusSeries): string => `${labels['gpu'] ?? ''} ${labels['uuid'] ?? ''}`;
  const totals = new Map(seriesOf('totals').map((one) => [keyOf(one), one.points[0]?.value ?? null]));
  return seriesOf('peaks')
    .map((one): GpuFacts => {
      const gpu = one.labels['gpu'] || (one.labels['uuid'] ?? '');
      const users = seriesOf('users').filter(({ labels }) => labels['gpu'] === one.labels['gpu']);
      return {
        gpu,
        peakBytes: one.points[0]?.value ?? 0,
        totalBytes: totals.get(keyOf(one)) ?? null,
        stages: users.flatMap(({ labels }) => labels['stage'] || []).toSorted(),
      };
    })
    .toSorted((one, other) => one.gpu.localeCompare(other.gpu, 'en', { numeric: true }));
}
