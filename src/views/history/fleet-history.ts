/** The last hour of queues and stages, sampled every 15 seconds and kept in memory, for trends and sparklines. */

import type { Fleet } from '../../fleet/model.js';
import type { StageWork } from '../../fleet/progress-model.js';
import type { Clock, Timer } from '../../lib/clock.js';
import type { Histogram } from '../../lib/histogram.js';
import { measureTrend, type QueueTrend } from './queue-trend.js';
import { createSeriesTable } from './series-table.js';
import { measureJobsPerHour, measureP95, type StagePace } from './stage-pace.js';

export interface FleetHistory {
  /** Null until there is enough to tell; `key` as in `Fleet.queues`. */
  trendOf(key: string): QueueTrend | null;
  paceOf(stage: string): StagePace;
  /** For GET /api/v1/history; all lists are as long as `times`, null where nothing was known. */
  render(): HistoryJson;
  start(): void;
  stop(): void;
}

/** Before anything was sampled. */
export const NO_HISTORY: Pick<FleetHistory, 'trendOf' | 'paceOf'> = {
  trendOf: () => null,
  paceOf: () => ({ jobsPerHour: null, p95JobSeconds: null }),
};

export interface HistoryJson {
  readonly stepMs: number;
  readonly times: readonly number[];
  readonly queues: Readonly<
    Record<string, Readonly<Record<'ready' | 'unacked', readonly (number | null)[]>>>
  >;
  readonly stages: Readonly<
    Record<string, Readonly<Record<'completed' | 'failed', readonly (number | null)[]>>>
  >;
}

const STEP_MS = 15_000;
const QUEUE_FIELDS = ['ready', 'unacked', 'published', 'acked'] as const;
/** A figure that nobody has confirmed for longer is not known: a line must not go on flat while the broker is away. */
const STALE_AFTER_MS = 60_000;
/** An hour, both its ends included. */
const CAPACITY = 3_600_000 / STEP_MS + 1;

export function createFleetHistory(fleet: Fleet, clock: Clock): FleetHistory {
  const queues = createSeriesTable(QUEUE_FIELDS, CAPACITY);
  const stages = createSeriesTable(['completed', 'failed'], CAPACITY);
  /** By stage, the oldest first: values that the fleet replaces and never changes. */
  const durations = new Map<string, readonly Histogram[]>();
  /** What was made of the last sample, by key; measured when first asked for. */
  const trends = new Map<string, QueueTrend | null>();
  const paces = new Map<string, StagePace>();
  let timer: Timer | undefined;

  function sample(): void {
    const atMs = clock.nowMs();
    queues.add(
      atMs,
      new Map(
        [...fleet.queues].map(([key, queue]) => [
          key,
          Object.fromEntries(
            QUEUE_FIELDS.flatMap((field) => {
              const figure = queue[field];
              return figure && atMs - figure.atMs < STALE_AFTER_MS ? [[field, figure.value]] : [];
            }),
          ),
        ]),
      ),
    );
    stages.add(
      atMs,
      new Map(
        [...fleet.stageWork].map(([id, work]) => [
          id,
          { completed: work.jobsCompleted, failed: work.jobsFailed },
        ]),
      ),
    );
    rememberDurations(fleet.stageWork);
    trends.clear();
    paces.clear();
    timer = clock.after(STEP_MS, sample);
  }

  function rememberDurations(stageWork: ReadonlyMap<string, StageWork>): void {
    for (const id of durations.keys()) if (!stageWork.has(id)) durations.delete(id);
    for (const [id, { jobDurations }] of stageWork) {
      durations.set(id, [...(durations.get(id) ?? []), jobDurations].slice(-CAPACITY));
    }
  }

  function measurePace(id: string): StagePace {
    const known = durations.get(id);
    const now = known?.at(-1);
    return {
      jobsPerHour: measureJobsPerHour(stages.times(), stages.values(id, 'completed')),
      p95JobSeconds: now ? measureP95(now, known?.[0]) : null,
    };
  }

  return {
    trendOf: (key) =>
      remember(trends, key, () =>
        measureTrend({
          times: queues.times(),
          ready: queues.values(key, 'ready'),
          published: queues.values(key, 'published'),
          acked: queues.values(key, 'acked'),
        }),
      ),
    paceOf: (stage) => remember(paces, stage, () => measurePace(stage)),
    render: () => ({
      stepMs: STEP_MS,
      times: queues.times(),
      queues: Object.fromEntries(
        queues
          .keys()
          .map((key) => [
            key,
            { ready: orNull(queues.values(key, 'ready')), unacked: orNull(queues.values(key, 'unacked')) },
          ]),
      ),
      stages: Object.fromEntries(
        stages.keys().map((id) => [
          id,
          {
            completed: orNull(stages.values(id, 'completed')),
            failed: orNull(stages.values(id, 'failed')),
          },
        ]),
      ),
    }),
    start: sample,
    stop() {
      timer?.cancel();
    },
  };
}

function remember<T>(known: Map<string, T>, key: string, measure: () => T): T {
  const found = known.get(key);
  if (found !== undefined) return found;
  const fresh = measure();
  known.set(key, fresh);
  return fresh;
}

function orNull(values: readonly number[]): readonly (number | null)[] {
  return values.map((value) => (Number.isNaN(value) ? null : value));
}
