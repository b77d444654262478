/**
 * The one picture that every view shows, made of the daemon's JSON: pure, without Node and without the DOM, so that the
 * terminal and the browser show the same. This folder imports nothing but what lib/ knows of counts and durations.
 */

import type { FleetJson, HistoryJson, RecoveryJson } from './api-shapes.js';
import { describeFlow } from './flow.js';
import type { Flow } from './flow-model.js';
import { elapsedMs, parseTime } from './format.js';
import { describeGaps, type GapsView } from './gaps.js';
import { listOthers, type OthersView } from './others.js';
import {
  groupByStage,
  listOrchestrators,
  listWorkers,
  type OrchestratorView,
  surround,
  type WorkerGroup,
  type WorkerView,
} from './people.js';
import { listProblems, type Problem } from './problems.js';
import { describeRecovery, type RecoveryView } from './recovery.js';
import { type Sentence, sayHowItIs } from './sentence.js';
import {
  type Freshness,
  freshnessOf,
  type GpuView,
  type InfrastructureView,
  listGpus,
  listInfrastructure,
  listSources,
  type SourceChip,
} from './surroundings.js';

export interface PictureParts {
  readonly fleet: FleetJson;
  /** Null: the daemon has no recovery, or does not tell. */
  readonly recovery?: RecoveryJson | null;
  readonly history?: HistoryJson | null;
  /** Unix milliseconds by the daemon's clock: the fleet's `at`, and the time since it was received. */
  readonly nowMs: number;
}

export interface Picture {
  readonly nowMs: number;
  /** When the daemon made the fleet's JSON. */
  readonly atMs: number | null;
  readonly ageMs: number | null;
  readonly freshness: Freshness;
  readonly sentence: Sentence;
  /** Worst first, consequences folded under their cause. */
  readonly problems: readonly Problem[];
  /** Those that need somebody: neither info nor consequences. */
  readonly problemCount: number;
  readonly infrastructure: readonly InfrastructureView[];
  readonly sources: readonly SourceChip[];
  readonly flow: Flow;
  readonly gpus: readonly GpuView[];
  /** Worst first. */
  readonly workers: readonly WorkerView[];
  readonly workerGroups: readonly WorkerGroup[];
  readonly orchestrators: readonly OrchestratorView[];
  readonly others: OthersView;
  readonly gaps: GapsView;
  readonly recovery: RecoveryView | null;
}

export function describePicture(parts: PictureParts): Picture {
  const { fleet, recovery = null, history = null, nowMs } = parts;
  const problems = listProblems(fleet, recovery, nowMs);
  const around = surround(fleet, problems.problems, nowMs);
  const flow = describeFlow(fleet, history, problems.problems);
  const workers = listWorkers(fleet, recovery, around);
  const sources = listSources(fleet, nowMs);
  const atMs = parseTime(fleet.at);
  const ageMs = elapsedMs(atMs, nowMs);
  return {
    nowMs,
    atMs,
    ageMs,
    freshness: freshnessOf(ageMs),
    sentence: sayHowItIs({ fleet, problems, workers, flow, sources, nowMs }),
    problems: problems.problems,
    problemCount: problems.count,
    infrastructure: listInfrastructure(fleet, nowMs),
    sources,
    flow,
    gpus: listGpus(fleet, workers, problems.problems, nowMs),
    workers,
    workerGroups: groupByStage(
      workers,
      flow.stages.map(({ id }) => id),
    ),
    orchestrators: listOrchestrators(fleet, around),
    others: listOthers(fleet, nowMs),
    gaps: describeGaps(fleet),
    recovery: recovery ? describeRecovery(recovery, fleet, nowMs) : null,
  };
}
