/**
 * Decides whether a failure sentinel is written for a lost job: only where its message is surely gone, not for one that
 * somebody else has taken up, not for an end that was asked for politely, not beyond the limit a minute.
 */

import { type MessageFate, UNKNOWN_FATES, type UnknownFate } from '../../fleet/message-fate.js';
import type { ContainerEnd, Fleet } from '../../fleet/model.js';
import type { Job } from '../../fleet/progress-model.js';
import type { LostJob } from './lost-job.js';
import { type PathRefusal, sentinelPath } from './sentinel-path.js';

export type SentinelRefusal = PathRefusal | 'taken_up' | 'too_many';
export type SentinelWait = 'will_be_redelivered' | UnknownFate;
/** Why none is written; a metric's label. */
export type NotWrittenReason = SentinelRefusal | SentinelWait;

export type SentinelPlan =
  | {
      readonly kind: 'write';
      readonly folders: readonly string[];
      readonly file: string;
      /** How it is known that the message is gone. */
      readonly because: string;
    }
  | { readonly kind: 'refuse'; readonly reason: SentinelRefusal; readonly text: string }
  /** Not now: what the broker tells later may change it. */
  | { readonly kind: 'wait'; readonly reason: SentinelWait; readonly text: string };

export interface SentinelPlanContext {
  readonly fleet: Fleet;
  /** `sentinels.pattern`. */
  readonly pattern: string;
  /** Written within the last minute, and how many may be. */
  readonly recentlyWritten: number;
  readonly limit: number;
  /** Of its message. */
  readonly fate: MessageFate;
}

/** A worker's last write and its container's end, by two clocks. */
const SLACK_MS = 2000;

const REFUSALS: Readonly<Record<SentinelRefusal, string>> = {
  pattern_has_wildcards: 'sentinels.pattern has wildcards, so nobody can say where the sentinel would be',
  document_unknown: 'the worker did not say which document it had in hand',
  stage_unknown: 'the stage of the worker is only guessed from its name; list it under stages or label it',
  unsafe_name: 'the document or stage has a name that is no safe path',
  taken_up: 'another worker has the document in hand already',
  too_many: 'as many as recovery.failure_sentinels_per_minute allows were written within the last minute',
};

export const NOT_WRITTEN_REASONS: readonly NotWrittenReason[] = [
  ...(Object.keys(REFUSALS) as SentinelRefusal[]),
  'will_be_redelivered',
  ...UNKNOWN_FATES,
];

export function planFailureSentinel(lost: LostJob, context: SentinelPlanContext): SentinelPlan {
  const { stage, job } = lost;
  const path = sentinelPath(context.pattern, {
    ...(job.document !== undefined && { document: job.document }),
    ...(stage !== undefined && { stage }),
  });
  if (path.kind === 'refused') return refuse(path.reason);
  if (isTakenUp(lost, context.fleet)) return refuse('taken_up');
  const { fate } = context;
  if (fate.kind === 'returns') return { kind: 'wait', reason: 'will_be_redelivered', text: fate.text };
  if (fate.kind === 'unknown') return { kind: 'wait', reason: fate.reason, text: fate.text };
  if (context.recentlyWritten >= context.limit) return refuse('too_many');
  return { kind: 'write', folders: path.folders, file: path.file, because: fate.text };
}

function refuse(reason: SentinelRefusal): SentinelPlan {
  return { kind: 'refuse', reason, text: REFUSALS[reason] };
}

/** A worker that was not the one that is lost, or is it in a later life, works on the same document in the same stage. */
function isTakenUp({ worker: lostKey, stage, job, lostAtMs }: LostJob, { workers }: Fleet): boolean {
  if (job.document === undefined) return false;
  for (const [key, worker] of workers) {
    if (worker.job?.document !== job.document || worker.stage !== stage) continue;
    if (worker.job.lastHeartbeatAtMs <= lostAtMs) continue;
    if (key !== lostKey || worker.job.startedAtMs > lostAtMs) return true;
  }
  return false;
}

/** The process was given no chance to tell of its end, or ended by itself. */
export function isDeath({ isAskedFor, isKilledOutright }: ContainerEnd): boolean {
  return !isAskedFor || isKilledOutright === true;
}

/** Whether the job was in hand in the life that has ended; an older file that was left behind tells of no job. */
export function wasInHand(
  job: Job,
  life: { readonly startedAtMs: number | undefined; readonly endedAtMs: number },
): boolean {
  const beganBefore = job.startedAtMs <= life.endedAtMs + SLACK_MS;
  const isOfThisLife = life.startedAtMs === undefined || job.lastHeartbeatAtMs >= life.startedAtMs - SLACK_MS;
  return beganBefore && isOfThisLife;
}
