/**
 * Sums the run up in the journal every five minutes, and sooner after the daemon's start, so that a report needs nothing else: jobs and their durations by
 * stage as counts since the daemon's start, what waited on average meanwhile, the peak of each GPU's memory.
 */

import type { Fleet, RestartCause } from '../fleet/model.js';
import type { Journal } from '../journal/journal.js';
import type { JournalValue } from '../journal/journal-entry.js';
import type { Clock } from '../lib/clock.js';

export interface RunSummary {
  /** At each evaluation. */
  look(): void;
  /** Writes what came since the last summary. */
  close(): void;
}

export const SUMMARY_EVERY_MS = 5 * 60_000;
/** A report of the first minutes has something to read; each summary may take as long as the run has lasted. */
export const FIRST_SUMMARY_MS = 15_000;
/** An entry has a size that it may not pass. */
const STAGES_AN_ENTRY = 12;

interface Peak {
  readonly index: string;
  readonly usedBytes: number;
  readonly totalBytes: number | undefined;
}

export function createRunSummary({
  fleet,
  journal,
  clock,
}: {
  readonly fleet: Fleet;
  readonly journal: Pick<Journal, 'append'>;
  readonly clock: Clock;
}): RunSummary {
  const startMs = clock.nowMs();
  const startedAt = new Date(startMs).toISOString();
  let fromMs = startMs;
  let looks = 0;
  let readySums = new Map<string, number>();
  let peaks = new Map<string, Peak>();

  function begin(): void {
    fromMs = clock.nowMs();
    looks = 0;
    readySums = new Map();
    peaks = new Map();
  }

  function note(): void {
    looks++;
    for (const { stage, ready } of fleet.queues.values()) {
      if (stage !== undefined && ready) readySums.set(stage, (readySums.get(stage) ?? 0) + ready.value);
    }
    for (const [identity, { memory, index }] of fleet.gpus) {
      const { usedBytes, totalBytes } = memory;
      if (usedBytes === undefined || usedBytes <= (peaks.get(identity)?.usedBytes ?? -1)) continue;
      peaks.set(identity, { index, usedBytes, totalBytes });
    }
  }

  function write(): void {
    if (looks === 0) return;
    const stages = describeStages(fleet, (stage) => {
      const sum = readySums.get(stage);
      return sum === undefined ? null : sum / looks;
    });
    const common = { startedAt, intervalMs: clock.nowMs() - fromMs };
    for (let from = 0; from === 0 || from < stages.length; from += STAGES_AN_ENTRY) {
      journal.append({
        type: 'run_summary',
        ...common,
        stages: stages.slice(from, from + STAGES_AN_ENTRY),
        gpus: from === 0 ? describeGpus(fleet, peaks) : undefined,
      });
    }
    begin();
  }

  return {
    look() {
      note();
      const dueMs = Math.min(SUMMARY_EVERY_MS, Math.max(FIRST_SUMMARY_MS, fromMs - startMs));
      if (clock.nowMs() - fromMs >= dueMs) write();
    },
    close: write,
  };
}

function describeStages(fleet: Fleet, readyMean: (stage: string) => number | null): JournalValue[] {
  const restarts = restartsByStage(fleet);
  const ids = [...new Set([...fleet.stages.keys(), ...fleet.stageWork.keys()])];
  return ids.map((id): JournalValue => {
    const stage = fleet.stages.get(id);
    const work = fleet.stageWork.get(id);
    return {
      id,
      name: stage?.name ?? null,
      branch: stage?.branch ?? null,
      isConfigured: stage !== undefined,
      completed: work?.jobsCompleted ?? 0,
      failed: work?.jobsFailed ?? 0,
      unknown: work?.jobsEndedUnknown ?? 0,
      /** Seconds: upper bounds, and how many jobs up to each. */
      bounds: work?.jobDurations.bounds ?? [],
      counts: work?.jobDurations.counts ?? [],
      sumSeconds: work?.jobDurations.sum ?? 0,
      readyMean: readyMean(id),
      restarts: restarts.get(id) ?? null,
    };
  });
}

function restartsByStage({ containers }: Fleet): ReadonlyMap<string, Readonly<Record<RestartCause, number>>> {
  const restarts = new Map<string, Record<RestartCause, number>>();
  for (const { role, stage, counters } of containers.values()) {
    if (role !== 'worker' || stage === undefined) continue;
    const sum = restarts.get(stage) ?? { policy: 0, stagewatch: 0, other: 0 };
    for (const cause of ['policy', 'stagewatch', 'other'] as const) sum[cause] += counters.restarts[cause];
    restarts.set(stage, sum);
  }
  return restarts;
}

function describeGpus(fleet: Fleet, peaks: ReadonlyMap<string, Peak>): JournalValue[] {
  const stagesOf = new Map<string, Set<string>>();
  const stageOf = new Map([...fleet.containers.values()].map(({ name, stage }) => [name, stage]));
  for (const { identity, container } of fleet.gpuLinks) {
    const stage = stageOf.get(container);
    const stages = stagesOf.get(identity) ?? new Set();
    if (stage !== undefined) stages.add(stage);
    stagesOf.set(identity, stages);
  }
  return [...peaks].map(
    ([identity, { index, usedBytes, totalBytes }]): JournalValue => ({
      gpu: index === '' ? identity : index,
      peakBytes: usedBytes,
      totalBytes: totalBytes ?? null,
      stages: [...(stagesOf.get(identity) ?? [])],
    }),
  );
}
