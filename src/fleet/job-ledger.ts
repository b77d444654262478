/** Counts the jobs that ended, a stage at a time, and keeps the newest of them for whoever wants to look back. */

import { emptyHistogram, observe } from '../lib/histogram.js';
import { createSequenceRing, type SequenceRing } from '../lib/sequence-ring.js';
import type { EndedJob, JobOutcome, ProgressGap, StageWork } from './progress-model.js';
import type { JobOutcomeSeen } from './progress-observations.js';

export interface JobLedger {
  readonly stageWork: ReadonlyMap<string, StageWork>;
  readonly endedJobs: SequenceRing<EndedJob>;
  readonly progressGaps: SequenceRing<ProgressGap>;
  /** These stages exist: their counters begin at 0, and others that never had a job go. */
  knowStages(stages: ReadonlySet<string>): void;
  jobEnded(job: EndedJob): void;
  noteOutcome(outcome: JobOutcomeSeen): void;
  noteGap(gap: ProgressGap): void;
  /** Time has come to `atMs`: jobs that nobody called failed in time are counted. */
  settle(atMs: number): void;
}

/** From seconds to the longest job the broker allows. */
const JOB_DURATION_BOUNDS = [1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1200, 1800, 3600, 5400, 7200];
const MAX_ENDED_JOBS = 1000;
const MAX_GAPS = 10_000;
const MAX_OUTCOMES = 10_000;
/** Files choose their stage's name: a writer gone mad must not fill the page. */
const MAX_STAGES = 1000;
/** A sentinel is seen at most this much later than the end of the job it tells of. */
const OUTCOME_WAIT_MS = 5000;
/** A sentinel may still say later how a job ended, for those who look back. */
const OUTCOME_WINDOW_MS = 10 * 60_000;
/** Clocks of the file server and ours. */
const CLOCK_TOLERANCE_MS = 5000;

interface Outcome {
  readonly outcome: JobOutcome;
  readonly atMs: number;
}

export function createJobLedger(areOutcomesExpected: () => boolean): JobLedger {
  const stageWork = new Map<string, StageWork>();
  const endedJobs = createSequenceRing<EndedJob>(MAX_ENDED_JOBS);
  const progressGaps = createSequenceRing<ProgressGap>(MAX_GAPS);
  const outcomes = new Map<string, Outcome>();
  /** Numbers of ended jobs that are not counted yet. */
  const pending = new Map<number, EndedJob>();
  /** Stages that had a job: their counters stay on the page. */
  const proven = new Set<string>();

  function workOf(stage: string): StageWork | undefined {
    const known = stageWork.get(stage);
    if (known || stageWork.size >= MAX_STAGES) return known;
    const work = { stage, jobsCompleted: 0, jobDurations: emptyHistogram(JOB_DURATION_BOUNDS) };
    stageWork.set(stage, work);
    return work;
  }

  function count({ stage, durationMs }: EndedJob): void {
    const work = stage === undefined ? undefined : workOf(stage);
    if (!work) return;
    stageWork.set(work.stage, {
      ...work,
      jobsCompleted: work.jobsCompleted + 1,
      jobDurations:
        durationMs === undefined ? work.jobDurations : observe(work.jobDurations, durationMs / 1000),
    });
  }

  function outcomeOf({ stage, document, startedAtMs }: EndedJob): JobOutcome | undefined {
    if (stage === undefined || document === undefined) return undefined;
    const found = outcomes.get(keyOf(stage, document));
    return found && found.atMs >= startedAtMs - CLOCK_TOLERANCE_MS ? found.outcome : undefined;
  }

  /** A file that came back, or a message that repeats what a file said. */
  function isRepeated({ container, document, startedAtMs }: EndedJob): boolean {
    if (document === undefined) return false;
    return endedJobs
      .since(0)
      .some(
        ({ entry }) =>
          entry.container === container && entry.document === document && entry.startedAtMs === startedAtMs,
      );
  }

  return {
    stageWork,
    endedJobs,
    progressGaps,
    knowStages(stages) {
      for (const stage of stages) workOf(stage);
      for (const stage of stageWork.keys()) {
        if (!proven.has(stage) && !stages.has(stage)) stageWork.delete(stage);
      }
    },
    jobEnded(told) {
      if (isRepeated(told)) return;
      const outcome = told.outcome === 'unknown' ? (outcomeOf(told) ?? 'unknown') : told.outcome;
      const job = { ...told, outcome };
      if (job.stage !== undefined && workOf(job.stage)) proven.add(job.stage);
      const number = endedJobs.push(job);
      if (outcome === 'failed' || job.end === 'silent') return;
      if (outcome === 'unknown' && areOutcomesExpected()) pending.set(number, job);
      else count(job);
    },
    noteOutcome({ stage, document, outcome, atMs }) {
      const key = keyOf(stage, document);
      // Deleted first, so that the map's order is the order of telling.
      outcomes.delete(key);
      outcomes.set(key, { outcome, atMs });
      const oldest = outcomes.keys().next();
      if (outcomes.size > MAX_OUTCOMES && !oldest.done) outcomes.delete(oldest.value);
      const told = endedJobs
        .since(0)
        .findLast(({ entry }) => entry.stage === stage && entry.document === document);
      if (told?.entry.outcome !== 'unknown') return;
      const { startedAtMs, endedAtMs } = told.entry;
      if (atMs < startedAtMs - CLOCK_TOLERANCE_MS || atMs > endedAtMs + OUTCOME_WINDOW_MS) return;
      endedJobs.replace(told.number, { ...told.entry, outcome });
      if (pending.delete(told.number) && outcome !== 'failed') count(told.entry);
    },
    noteGap(gap) {
      progressGaps.push(gap);
    },
    settle(atMs) {
      for (const [number, job] of pending) {
        if (atMs - job.endedAtMs < OUTCOME_WAIT_MS) continue;
        pending.delete(number);
        count(job);
      }
    },
  };
}

function keyOf(stage: string, document: string): string {
  return `${stage}\n${document}`;
}
