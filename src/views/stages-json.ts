/** The stages as JSON for /api/v1/fleet: the configured in DAG order, then those known from workers, jobs and sentinels. */

import type { StageLimits, Verdicts } from '../detectors/verdicts.js';
import type { Fleet } from '../fleet/model.js';
import type { StagePace } from './history/stage-pace.js';

export function renderStages(fleet: Fleet, verdicts: Verdicts, paceOf: (stage: string) => StagePace) {
  const { stages, workers, stageWork, sentinels } = fleet;
  const queueOf = new Map([...fleet.queues.values()].map(({ stage, name }) => [stage, name]));
  const discovered = new Set(
    [...fleet.containers.values()].flatMap((one) => (one.isDiscovered && one.stage) || []),
  );
  const workersOf = new Map<string, number>();
  for (const { stage } of workers.values()) {
    if (stage !== undefined) workersOf.set(stage, (workersOf.get(stage) ?? 0) + 1);
  }
  const others = new Set([...workersOf.keys(), ...stageWork.keys(), ...sentinels.stages.keys()]);
  const ids = [...stages.keys(), ...[...others].filter((id) => !stages.has(id)).sort()];
  return ids.map((id) => {
    const stage = stages.get(id);
    return {
      id,
      name: stage?.name ?? null,
      branch: stage?.branch ?? null,
      queue: stage?.queue ?? queueOf.get(id) ?? null,
      configured: stage !== undefined,
      discovered: stage === undefined && discovered.has(id),
      workers: workersOf.get(id) ?? 0,
      workersByStatus: verdicts.stageWorkers.get(id)?.counts ?? null,
      orchestratorsByStatus: verdicts.stageOrchestrators.get(id)?.counts ?? null,
      limits: renderLimits(verdicts.limits.get(id)),
      sentinels: {
        successes: sentinels.stages.get(id)?.successes ?? null,
        failures: sentinels.stages.get(id)?.failures ?? null,
      },
      jobs: renderJobs(fleet, id),
      ...paceOf(id),
    };
  });
}

/** Null: nobody watches the stage's work. Counts are since the daemon's start. */
function renderJobs({ stageWork }: Fleet, id: string) {
  const work = stageWork.get(id);
  if (!work) return null;
  const { counts, sum } = work.jobDurations;
  const count = counts.reduce((total, each) => total + each, 0);
  return {
    completed: work.jobsCompleted,
    failed: work.jobsFailed,
    endedUnknown: work.jobsEndedUnknown,
    durations: { count, sumSeconds: sum, meanSeconds: count === 0 ? null : sum / count },
  };
}

/** Milliseconds; null: no limit. */
function renderLimits(limits: StageLimits | undefined) {
  if (!limits) return null;
  const { stallMs, origin, learnedMs, livelockMs, maxJobMs, slowJobMs } = limits;
  const { gapSamples, jobSamples, jobsWithin } = limits;
  return {
    stallMs,
    origin,
    learnedMs: learnedMs ?? null,
    livelockMs,
    maxJobMs: maxJobMs ?? null,
    slowJobMs: slowJobMs ?? null,
    gapSamples,
    jobSamples,
    jobsWithin,
  };
}
