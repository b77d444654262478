/** The counters of each stage's jobs: they only rise, and begin at 0 when the stage is known. */

import { emptyHistogram, observe } from '../lib/histogram.js';
import type { EndedJob, StageWork } from './progress-model.js';

export interface StageCounts {
  readonly stageWork: ReadonlyMap<string, StageWork>;
  knowStages(stages: ReadonlySet<string>): void;
  /** The stage had a job: its counters stay. */
  prove(stage: string): void;
  completed(job: Pick<EndedJob, 'stage' | 'durationMs'>): void;
  observeDuration(job: Pick<EndedJob, 'stage' | 'durationMs'>): void;
  /** So many jobs at once. */
  acked(stage: string, count: number): void;
  failed(stage: string | undefined): void;
  endedUnknown(stage: string | undefined): void;
}

/** From seconds to the longest job the broker allows. */
const JOB_DURATION_BOUNDS = [1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1200, 1800, 3600, 5400, 7200];
/** Files choose their stage's name: a writer gone mad must not fill the page. */
const MAX_STAGES = 1000;

export function createStageCounts(): StageCounts {
  const stageWork = new Map<string, StageWork>();
  const proven = new Set<string>();

  function workOf(stage: string | undefined): StageWork | undefined {
    if (stage === undefined) return undefined;
    const known = stageWork.get(stage);
    if (known || stageWork.size >= MAX_STAGES) return known;
    const work: StageWork = {
      stage,
      jobsCompleted: 0,
      jobsFailed: 0,
      jobsEndedUnknown: 0,
      jobDurations: emptyHistogram(JOB_DURATION_BOUNDS),
    };
    stageWork.set(stage, work);
    return work;
  }

  function change(stage: string | undefined, changed: (work: StageWork) => Partial<StageWork>): void {
    const work = workOf(stage);
    if (work) stageWork.set(work.stage, { ...work, ...changed(work) });
  }

  function observeDuration({ stage, durationMs }: Pick<EndedJob, 'stage' | 'durationMs'>): void {
    if (durationMs === undefined) return;
    change(stage, ({ jobDurations }) => ({ jobDurations: observe(jobDurations, durationMs / 1000) }));
  }

  return {
    stageWork,
    knowStages(stages) {
      for (const stage of stages) workOf(stage);
      for (const stage of stageWork.keys()) {
        if (!proven.has(stage) && !stages.has(stage)) stageWork.delete(stage);
      }
    },
    prove(stage) {
      if (workOf(stage)) proven.add(stage);
    },
    completed(job) {
      change(job.stage, ({ jobsCompleted }) => ({ jobsCompleted: jobsCompleted + 1 }));
      observeDuration(job);
    },
    observeDuration,
    acked(stage, count) {
      change(stage, ({ jobsCompleted }) => ({ jobsCompleted: jobsCompleted + count }));
    },
    failed(stage) {
      change(stage, ({ jobsFailed }) => ({ jobsFailed: jobsFailed + 1 }));
    },
    endedUnknown(stage) {
      change(stage, ({ jobsEndedUnknown }) => ({ jobsEndedUnknown: jobsEndedUnknown + 1 }));
    },
  };
}
