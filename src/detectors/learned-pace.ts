/** Learns each stage's own pace: how long its jobs go without a step, and how long they take. */

import type { Fleet } from '../fleet/model.js';
import type { EndedJob } from '../fleet/progress-model.js';
import { createQuantileSketch, type QuantileSketch } from './quantile-sketch.js';
import { createStepTail, type LearnedLimit, type StepTail } from './step-tail.js';

export interface StagePace {
  /** Times without a step, in milliseconds, of jobs that count their units. */
  readonly gaps: QuantileSketch;
  /** How long jobs took that ended well, in milliseconds. */
  readonly jobs: QuantileSketch;
  /** For how long jobs that did not end well were seen to move: to end they would have taken longer. */
  readonly cut: QuantileSketch;
  /** Whether the limit that is learned from the steps can be trusted. */
  readonly tail: StepTail;
}

/** What the pace so far is compared with. */
export interface PaceContext {
  /** The limit that follows from the pace until now. */
  learned(pace: StagePace): LearnedLimit | undefined;
  /** Something beside the stage's own work holds its steps up, such as a common cause: they say nothing of its limit. */
  isDisturbed(stage: string): boolean;
}

export interface LearnedPace {
  /** By stage. */
  readonly stages: ReadonlyMap<string, StagePace>;
  /** Takes in what ended and moved since the call before; true if there was anything. */
  note(fleet: Pick<Fleet, 'endedJobs' | 'progressGaps'>, context: PaceContext): boolean;
  /** As JSON. */
  save(): unknown;
}

type StepNote = (stage: string, gapMs: number) => void;

/** Stages are configured or told by workers; whoever tells ever new ones must not fill the memory. */
const MAX_STAGES = 1000;

/** `saved` is what `save` gave in an earlier life, of unknown shape. */
export function createLearnedPace(saved?: unknown): LearnedPace {
  const stages = new Map<string, StagePace>(readSaved(saved));
  let seenJobs: number | undefined;
  let seenGaps: number | undefined;

  function paceOf(stage: string): StagePace | undefined {
    const known = stages.get(stage);
    if (known || stages.size >= MAX_STAGES) return known;
    const pace = createPace({});
    stages.set(stage, pace);
    return pace;
  }

  function noteJob(job: EndedJob, noteStep: StepNote, limitOf: (pace: StagePace) => number): void {
    const pace = job.stage === undefined ? undefined : paceOf(job.stage);
    if (!pace || job.stage === undefined) return;
    if (!hasEndedWell(job)) {
      const movedMs = movedFor(job);
      if (movedMs !== undefined) pace.cut.add(movedMs);
      return;
    }
    if (job.durationMs !== undefined && pace.jobs.add(job.durationMs)) pace.cut.fade();
    // From the last step to the end is a time without a step, too; beyond the limit a restart may have ended it.
    const { lastStepAtMs, endedAtMs, outcome } = job;
    if (lastStepAtMs !== undefined) {
      const gapMs = Math.max(0, endedAtMs - lastStepAtMs);
      if (outcome === 'succeeded' || gapMs <= limitOf(pace)) noteStep(job.stage, gapMs);
    }
    pace.tail.noteJob();
  }

  /** Compares all steps of one call with what was learned before it. */
  function stepNote({ learned, isDisturbed }: PaceContext): StepNote {
    const limits = new Map<string, LearnedLimit | undefined>();
    return (stage, gapMs) => {
      const pace = paceOf(stage);
      if (!pace) return;
      if (!limits.has(stage)) limits.set(stage, learned(pace));
      if (!isDisturbed(stage)) pace.tail.noteStep(gapMs, limits.get(stage));
      pace.gaps.add(gapMs);
    };
  }

  return {
    stages,
    note({ endedJobs, progressGaps }, context) {
      const jobs = endedJobs.since(seenJobs ?? 0);
      const gaps = progressGaps.since(seenGaps ?? 0);
      seenJobs = endedJobs.newest;
      seenGaps = progressGaps.newest;
      const noteStep = stepNote(context);
      for (const { entry } of gaps) noteStep(entry.stage, entry.gapMs);
      const limitOf = (of: StagePace): number => context.learned(of)?.limitMs ?? Number.POSITIVE_INFINITY;
      for (const { entry } of jobs) noteJob(entry, noteStep, limitOf);
      return jobs.length + gaps.length > 0;
    },
    save() {
      return Object.fromEntries([...stages].map(([stage, pace]) => [stage, savePace(pace)]));
    },
  };
}

/** A file that was removed is the normal end where no sentinel says otherwise. */
function hasEndedWell({ outcome, end }: EndedJob): boolean {
  return outcome === 'succeeded' || (outcome === 'unknown' && end === 'removed');
}

/**
 * How long one that did not end well was at work as far as was seen, which is not what it stood still at its end;
 * undefined: nobody knows.
 */
function movedFor({
  durationMs,
  startedAtMs,
  endedAtMs,
  lastStepAtMs,
  outcome,
}: EndedJob): number | undefined {
  if (durationMs === undefined) return undefined;
  const movedUntilMs = lastStepAtMs ?? (outcome === 'failed' ? endedAtMs : undefined);
  return movedUntilMs === undefined ? undefined : Math.max(0, movedUntilMs - startedAtMs);
}

function savePace({ gaps, jobs, cut, tail }: StagePace): unknown {
  return { gaps: gaps.save(), jobs: jobs.save(), cut: cut.save(), tail: tail.save() };
}

/** Earlier versions saved `gaps` and `jobs` alone: how well their limit held is not known then. */
function createPace(saved: Readonly<Partial<Record<string, unknown>>>): StagePace {
  const gaps = createQuantileSketch(readSketch(saved['gaps']));
  return {
    gaps,
    jobs: createQuantileSketch(readSketch(saved['jobs'])),
    cut: createQuantileSketch(readSketch(saved['cut'])),
    tail: createStepTail(saved['tail'], gaps.quantile(1)),
  };
}

function readSaved(saved: unknown): readonly (readonly [string, StagePace])[] {
  if (!isRecord(saved)) return [];
  return Object.entries(saved)
    .slice(0, MAX_STAGES)
    .flatMap(([stage, pace]) => (isRecord(pace) ? [[stage, createPace(pace)] as const] : []));
}

function readSketch(saved: unknown): readonly (readonly [number, number])[] {
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
