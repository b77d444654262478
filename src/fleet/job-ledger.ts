/**
 * Counts the jobs that ended, a stage at a time, and keeps the newest of them for whoever wants to look back.
 *
 * A job's own file and its sentinel tell of the same end, in any order: each sentinel is joined to at most one job of
 * its stage and document, each job to at most one sentinel, and the two count once.
 */

import { createSequenceRing, type SequenceRing } from '../lib/sequence-ring.js';
import type { EndedJob, JobOutcome, ProgressGap, StageWork } from './progress-model.js';
import type { JobOutcomeSeen } from './progress-observations.js';
import { createStageCounts } from './stage-counts.js';

export interface JobLedger {
  readonly stageWork: ReadonlyMap<string, StageWork>;
  readonly endedJobs: SequenceRing<EndedJob>;
  readonly progressGaps: SequenceRing<ProgressGap>;
  /** These stages exist: their counters begin at 0, and others that never had a job go. */
  knowStages(stages: ReadonlySet<string>): void;
  jobEnded(job: EndedJob): void;
  noteOutcome(outcome: JobOutcomeSeen): void;
  /** So many messages were acked at the stage; `job` is the last of them, where it is known. */
  jobsAcked(acked: { readonly stage: string; readonly count: number; readonly job?: EndedJob }): void;
  noteGap(gap: ProgressGap): void;
  /** Time has come to `atMs`: jobs whose sentinel did not come are counted as of unknown outcome. */
  settle(atMs: number): void;
}

const MAX_ENDED_JOBS = 1000;
const MAX_GAPS = 10_000;
/** Sentinels and jobs that are remembered for their counterpart to come. */
const MAX_REMEMBERED = 10_000;
/** A sentinel that is found by a sweep, not by the kernel, is seen at most this much later than its job's end. */
const OUTCOME_WAIT_MS = 15_000;
/** Even later a sentinel may still say how a job ended. */
const OUTCOME_WINDOW_MS = 10 * 60_000;
/** Clocks of the file server and ours. */
const CLOCK_TOLERANCE_MS = 5000;

/** A job that ended, and no sentinel told of it yet. */
interface Untold {
  readonly number: number;
  readonly job: EndedJob;
  /** What it is counted as; undefined: not yet, its sentinel may come. */
  readonly countedAs: JobOutcome | undefined;
}

export function createJobLedger(areOutcomesExpected: () => boolean): JobLedger {
  const counts = createStageCounts();
  const endedJobs = createSequenceRing<EndedJob>(MAX_ENDED_JOBS);
  const progressGaps = createSequenceRing<ProgressGap>(MAX_GAPS);
  /** Sentinels that no job was joined to yet, by stage and document. */
  const loose = new Map<string, JobOutcomeSeen>();
  /** The last job of each stage and document. */
  const untold = new Map<string, Untold>();
  /** Jobs that wait for their sentinel to be counted. */
  const pending = new Map<number, EndedJob>();
  const told = new Set<string>();

  /** A file that came back, or a message that repeats what a file said. */
  function isRepeated({ container, document, startedAtMs }: EndedJob): boolean {
    if (document === undefined) return false;
    const key = `${container}\n${document}\n${startedAtMs}`;
    if (told.has(key)) return true;
    told.add(key);
    if (told.size > MAX_REMEMBERED) deleteOldest(told);
    return false;
  }

  /** The sentinel that came before the job's end was seen; it can be joined only once. */
  function takeSentinel(key: string | undefined, { startedAtMs, outcome }: EndedJob) {
    const found = key === undefined ? undefined : loose.get(key);
    if (key === undefined || !found || found.atMs < startedAtMs - CLOCK_TOLERANCE_MS) return undefined;
    if (outcome !== 'unknown' && outcome !== found.outcome) return undefined;
    loose.delete(key);
    return found;
  }

  function jobEnded(job: EndedJob): void {
    if (isRepeated(job)) return;
    const key = keyOf(job);
    if (job.stage !== undefined) counts.prove(job.stage);
    const sentinel = takeSentinel(key, job);
    if (sentinel) {
      endedJobs.push({ ...job, outcome: sentinel.outcome });
      // The sentinel is counted already; how long the job took, only its end tells.
      if (sentinel.outcome === 'succeeded') counts.observeDuration(job);
      return;
    }
    const number = endedJobs.push(job);
    const countedAs = countAtOnce(job);
    if (countedAs === undefined) pending.set(number, job);
    if (key !== undefined) remember(untold, key, { number, job, countedAs });
  }

  /** Undefined: a sentinel may still tell. */
  function countAtOnce(job: EndedJob): JobOutcome | undefined {
    if (job.outcome === 'unknown' && areOutcomesExpected() && job.end !== 'silent') return undefined;
    // Without sentinels a file that is removed, or says idle, is the normal end of a job.
    const isNormalEnd = job.end === 'removed' || job.end === 'state';
    const countedAs = job.outcome === 'unknown' && isNormalEnd ? 'succeeded' : job.outcome;
    if (countedAs === 'succeeded') counts.completed(job);
    else if (countedAs === 'failed') counts.failed(job.stage);
    else counts.endedUnknown(job.stage);
    return countedAs;
  }

  /** The job, already seen to end, that the sentinel tells of. */
  function takeJob(key: string, { atMs, outcome }: JobOutcomeSeen): Untold | undefined {
    const found = untold.get(key);
    if (!found) return undefined;
    const { startedAtMs, endedAtMs, outcome: known } = found.job;
    if (atMs < startedAtMs - CLOCK_TOLERANCE_MS || atMs > endedAtMs + OUTCOME_WINDOW_MS) return undefined;
    if (known !== 'unknown' && known !== outcome) return undefined;
    untold.delete(key);
    return found;
  }

  function noteOutcome(sentinel: JobOutcomeSeen): void {
    const key = keyOf(sentinel);
    const found = key === undefined ? undefined : takeJob(key, sentinel);
    counts.prove(sentinel.stage);
    if (found) {
      pending.delete(found.number);
      endedJobs.replace(found.number, { ...found.job, outcome: sentinel.outcome });
      if (found.countedAs === sentinel.outcome) return;
    } else if (key !== undefined) {
      remember(loose, key, sentinel);
    }
    if (sentinel.outcome === 'failed') counts.failed(sentinel.stage);
    else counts.completed({ stage: sentinel.stage, ...(found && withDuration(found.job)) });
  }

  return {
    stageWork: counts.stageWork,
    endedJobs,
    progressGaps,
    knowStages: counts.knowStages,
    jobEnded,
    noteOutcome,
    jobsAcked({ stage, count, job }) {
      counts.prove(stage);
      if (job) endedJobs.push(job);
      // Where sentinels are watched they count: the same job would count twice.
      if (!areOutcomesExpected()) {
        counts.acked(stage, count);
        if (job && count === 0) counts.endedUnknown(stage);
      }
      if (job) counts.observeDuration(job);
    },
    noteGap(gap) {
      progressGaps.push(gap);
    },
    settle(atMs) {
      for (const [number, job] of pending) {
        if (atMs - job.endedAtMs < OUTCOME_WAIT_MS) continue;
        pending.delete(number);
        counts.endedUnknown(job.stage);
      }
    },
  };
}

function withDuration({ durationMs }: EndedJob): { durationMs?: number } {
  return durationMs === undefined ? {} : { durationMs };
}

/** Undefined: nothing can be joined to it. */
function keyOf({ stage, document }: { stage?: string; document?: string }): string | undefined {
  return stage === undefined || document === undefined ? undefined : `${stage}\n${document}`;
}

function remember<T>(map: Map<string, T>, key: string, entry: T): void {
  // Deleted first, so that the map's order is the order of telling.
  map.delete(key);
  map.set(key, entry);
  if (map.size > MAX_REMEMBERED) deleteOldest(map);
}

function deleteOldest(kept: Set<string> | Map<string, unknown>): void {
  const oldest = kept.keys().next();
  if (!oldest.done) kept.delete(oldest.value);
}
