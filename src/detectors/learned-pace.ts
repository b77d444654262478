/** Learns each stage's own pace: how long its jobs go without a step, and how long they take. */

import type { Fleet } from '../fleet/model.js';
import type { EndedJob } from '../fleet/progress-model.js';
import { createQuantileSketch, type QuantileSketch } from './quantile-sketch.js';

export interface StagePace {
  /** Times without a step, in milliseconds, of jobs that count their units. */
  readonly gaps: QuantileSketch;
  /** How long jobs took that ended well, in milliseconds. */
  readonly jobs: QuantileSketch;
}

export interface LearnedPace {
  /** By stage. */
  readonly stages: ReadonlyMap<string, StagePace>;
  /** Takes in what ended and moved since the call before; true if there was anything. */
  note(fleet: Fleet): boolean;
  /** As JSON. */
  save(): unknown;
}

/** Stages are configured or told by workers; whoever tells ever new ones must not fill the memory. */
const MAX_STAGES = 1000;

/** `saved` is what `save` gave in an earlier life, of unknown shape. */
export function createLearnedPace(saved?: unknown): LearnedPace {
  const stages = new Map<string, StagePace>();
  for (const [stage, { gaps, jobs }] of readSaved(saved)) {
    stages.set(stage, { gaps: createQuantileSketch(gaps), jobs: createQuantileSketch(jobs) });
  }
  let seenJobs: number | undefined;
  let seenGaps: number | undefined;

  function paceOf(stage: string): StagePace | undefined {
    const known = stages.get(stage);
    if (known || stages.size >= MAX_STAGES) return known;
    const pace = { gaps: createQuantileSketch(), jobs: createQuantileSketch() };
    stages.set(stage, pace);
    return pace;
  }

  function noteJob(job: EndedJob): void {
    if (job.stage === undefined || !hasEndedWell(job)) return;
    const pace = paceOf(job.stage);
    if (job.durationMs !== undefined) pace?.jobs.add(job.durationMs);
    // From the last step to the end is a time without a step, too.
    if (job.lastStepAtMs !== undefined) pace?.gaps.add(Math.max(0, job.endedAtMs - job.lastStepAtMs));
  }

  return {
    stages,
    note({ endedJobs, progressGaps }) {
      const jobs = endedJobs.since(seenJobs ?? 0);
      const gaps = progressGaps.since(seenGaps ?? 0);
      seenJobs = endedJobs.newest;
      seenGaps = progressGaps.newest;
      for (const { entry } of jobs) noteJob(entry);
      for (const { entry } of gaps) paceOf(entry.stage)?.gaps.add(entry.gapMs);
      return jobs.length + gaps.length > 0;
    },
    save() {
      return Object.fromEntries(
        [...stages].map(([stage, { gaps, jobs }]) => [stage, { gaps: gaps.save(), jobs: jobs.save() }]),
      );
    },
  };
}

/** A file that was removed is the normal end where no sentinel says otherwise. */
function hasEndedWell({ outcome, end }: EndedJob): boolean {
  return outcome === 'succeeded' || (outcome === 'unknown' && end === 'removed');
}

type SavedSketch = readonly (readonly [number, number])[];

function readSaved(
  saved: unknown,
): readonly (readonly [string, { readonly gaps: SavedSketch; readonly jobs: SavedSketch }])[] {
  if (!isRecord(saved)) return [];
  return Object.entries(saved)
    .slice(0, MAX_STAGES)
    .flatMap(([stage, pace]) =>
      isRecord(pace) ? [[stage, { gaps: readSketch(pace['gaps']), jobs: readSketch(pace['jobs']) }]] : [],
    );
}

function readSketch(saved: unknown): SavedSketch {
  if (!Array.isArray(saved)) return [];
  return saved.flatMap((entry: unknown) => {
    if (!Array.isArray(entry)) return [];
    const [bucket, weight]: readonly unknown[] = entry;
    return typeof bucket === 'number' && typeof weight === 'number' ? [[bucket, weight] as const] : [];
  });
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
