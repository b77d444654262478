/** Counts, stage by stage, how many workers and orchestrators have each status. */

import { isSameData } from '../lib/same-data.js';
import type { Scene } from './scene.js';
import {
  ORCHESTRATOR_STATUSES,
  type OrchestratorStatus,
  type StageStatusCounts,
  type Verdicts,
  WORKER_STATUSES,
  type WorkerStatus,
} from './verdicts.js';

export interface StatusCounts {
  count(scene: Scene): Pick<Verdicts, 'stageWorkers' | 'stageOrchestrators'>;
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
        entries: [...workerVerdicts.values()].map(({ standing: { stage, status } }) => ({ stage, status })),
      });
      orchestrators = countAll({
        statuses: ORCHESTRATOR_STATUSES,
        stages: fleet.stages.keys(),
        before: orchestrators,
        entries: [...orchestratorVerdicts.values()],
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
  readonly entries: readonly { readonly stage?: string | undefined; readonly status: S }[];
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
