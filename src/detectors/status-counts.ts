/** Counts, stage by stage, how many workers and orchestrators have each status. */

import type { Fleet } from '../fleet/model.js';
import { isSameData } from '../lib/same-data.js';
import {
  ORCHESTRATOR_STATUSES,
  type OrchestratorStatus,
  type StageStatusCounts,
  type Verdicts,
  WORKER_STATUSES,
  type WorkerStatus,
  type WorkerVerdict,
} from './verdicts.js';

export interface Judged extends Pick<Verdicts, 'workers' | 'orchestrators'> {
  readonly fleet: Pick<Fleet, 'stages'>;
}

export interface StatusCounts {
  count(judged: Judged): Pick<Verdicts, 'stageWorkers' | 'stageOrchestrators'>;
}

export function createStatusCounts(): StatusCounts {
  let workers: ReadonlyMap<string, StageStatusCounts<WorkerStatus>> = new Map();
  let orchestrators: ReadonlyMap<string, StageStatusCounts<OrchestratorStatus>> = new Map();
  return {
    count({ fleet, workers: workerVerdicts, orchestrators: orchestratorVerdicts }) {
      workers = countAll({
        statuses: WORKER_STATUSES,
        stages: fleet.stages.keys(),
        before: workers,
        entries: standings(workerVerdicts.values()),
      });
      orchestrators = countAll({
        statuses: ORCHESTRATOR_STATUSES,
        stages: fleet.stages.keys(),
        before: orchestrators,
        entries: orchestratorVerdicts.values(),
      });
      return { stageWorkers: workers, stageOrchestrators: orchestrators };
    },
  };
}

interface Counting<S extends string> {
  readonly statuses: readonly S[];
  /** Configured stages have counts even where nobody is. */
  readonly stages: Iterable<string>;
  readonly before: ReadonlyMap<string, StageStatusCounts<S>>;
  readonly entries: Iterable<{ readonly stage?: string | undefined; readonly status: S }>;
}

function* standings(verdicts: Iterable<WorkerVerdict>): Iterable<WorkerVerdict['standing']> {
  for (const { standing } of verdicts) yield standing;
}

function countAll<S extends string>({
  statuses,
  stages,
  before,
  entries,
}: Counting<S>): ReadonlyMap<string, StageStatusCounts<S>> {
  const none = Object.fromEntries(statuses.map((status) => [status, 0])) as Record<S, number>;
  const counts = new Map<string, Record<S, number>>();
  for (const stage of stages) counts.set(stage, { ...none });
  for (const { stage, status } of entries) {
    if (stage === undefined) continue;
    const known = counts.get(stage) ?? { ...none };
    known[status]++;
    counts.set(stage, known);
  }
  return new Map(
    [...counts].map(([stage, now]) => {
      const known = before.get(stage);
      return [stage, known && isSameData(known.counts, now) ? known : { stage, counts: now }];
    }),
  );
}
