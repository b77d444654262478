/** What a finding is: something wrong with one subject, said in words, with when it began and what would clear it. */

import type { SourceName } from '../fleet/model.js';

export type Severity = 'critical' | 'warning' | 'info';

/** Every kind of finding and how bad it is. The kind is also the alert's name (`Pipeline` + kind) and its runbook. */
export const FINDING_SEVERITIES = {
  WorkerStuck: 'critical',
  OrchestratorStuck: 'critical',
  StageStalled: 'critical',
  PipelineStandstill: 'critical',
  QueueNoConsumers: 'critical',
  RestartsExhausted: 'critical',
  CommonCause: 'critical',
  SourceDown: 'critical',
  InfrastructureDown: 'critical',
  GpuError: 'critical',
  WorkerSlow: 'warning',
  WorkerSpinning: 'warning',
  WorkerStarved: 'warning',
  WorkerDown: 'warning',
  WorkerCrashLooping: 'warning',
  WorkerUnhealthy: 'warning',
  JobOrphaned: 'warning',
  JobNearAckLimit: 'warning',
  PoisonDocument: 'warning',
  QueueGrowing: 'warning',
  QueueMissing: 'warning',
  DeadLettersGrowing: 'warning',
  FailuresSpiking: 'warning',
  GpuMemoryHigh: 'warning',
  GpuMemoryLeaked: 'warning',
  BackupStale: 'warning',
  LogErrors: 'warning',
  NotificationsFailing: 'warning',
  ProgressClockSkewed: 'info',
  ProgressUnreadable: 'info',
} as const satisfies Readonly<Record<string, Severity>>;

export type FindingKind = keyof typeof FINDING_SEVERITIES;
export const FINDING_KINDS = Object.keys(FINDING_SEVERITIES) as readonly FindingKind[];

/** What it is about; the values that are labels elsewhere are spelled as there. */
export interface FindingSubject {
  /** The container's name, as in the label `container`. */
  readonly container?: string;
  /** Key of the container, worker or orchestrator in the fleet. */
  readonly identity?: string;
  readonly stage?: string;
  readonly queue?: string;
  readonly vhost?: string;
  /** Index of the GPU, as in the label `gpu`. */
  readonly gpu?: string;
  readonly uuid?: string;
  readonly source?: SourceName;
  readonly document?: string;
  /** A way by which people are told: `email`, `webhook`, `alertmanager`. */
  readonly channel?: string;
}

/** What a detector says of one subject at one moment; times are Unix milliseconds. */
export interface Detection {
  readonly kind: FindingKind;
  /** Tells it from others of its kind, and stays the same as long as it lasts: an identity, a queue's key. */
  readonly key: string;
  readonly subject: FindingSubject;
  /** What is wrong, in a few words without the subject: `7m12s without progress`. */
  readonly summary: string;
  /** Why we say so: sentences with numbers, the weightiest first. */
  readonly evidence: readonly string[];
  /** What would end it, as a sentence. */
  readonly clearsWhen: string;
  /** When what is wrong began, as far as is known: often before it was found. */
  readonly beganAtMs: number;
}

/**
 * `stale_source`: what it rests on cannot be read; `restart`: it is of the daemon run before, and not found in this one
 * yet; `not_found`: its sources are read again, and it is not found any more.
 */
export const DOUBTS = ['stale_source', 'restart', 'not_found'] as const;
export type Doubt = (typeof DOUBTS)[number];

/** A detection that has lasted long enough to be told. */
export interface Finding extends Detection {
  /** Kind and key: the same over restarts of the daemon. */
  readonly id: string;
  readonly severity: Severity;
  readonly openedAtMs: number;
  /** When it was last seen to hold. */
  readonly confirmedAtMs: number;
  /** It was not seen to hold at the last evaluation; `doubt` says why. */
  readonly isUnconfirmed?: true;
  readonly doubt?: Doubt;
  /** It is no longer found since then, and stays open until that has lasted; its words say so. */
  readonly overSinceMs?: number;
  /** Id of the finding that it is a consequence of: a common cause, a document, a worker, a stage. */
  readonly consequenceOf?: string;
}

export interface ClearedFinding extends Finding {
  readonly clearedAtMs: number;
}

export function findingId({ kind, key }: Pick<Detection, 'kind' | 'key'>): string {
  return `${kind}:${key}`;
}

const RANKS: Readonly<Record<Severity, number>> = { critical: 0, warning: 1, info: 2 };

/** Its cause is reported in its place: only one that is at least as severe, because a mild one may wait for the morning. */
export function isReportedByCause({
  severity,
  consequenceOf,
}: Pick<Finding, 'severity' | 'consequenceOf'>): boolean {
  if (consequenceOf === undefined) return false;
  const kind = consequenceOf.slice(0, consequenceOf.indexOf(':'));
  return !isKind(kind) || RANKS[FINDING_SEVERITIES[kind]] <= RANKS[severity];
}

function isKind(text: string): text is FindingKind {
  return Object.hasOwn(FINDING_SEVERITIES, text);
}
