/** What is known of work in progress: the job of each worker, the place of each orchestrator, the jobs that ended. */

import type { Histogram } from '../lib/histogram.js';
import type { SequenceRing } from '../lib/sequence-ring.js';
import type { BrokerHold } from './hold-model.js';

/** Why a progress file or message is not used, from a closed set: it is a metric's label. */
export const PROGRESS_IGNORE_REASONS = [
  'empty',
  'oversized',
  'not_utf8',
  'not_json',
  'wrong_type',
  'bad_name',
  'clock',
  'symlink',
  'directory',
  'not_a_file',
  'unreadable',
  'too_many',
] as const;
export type ProgressIgnoreReason = (typeof PROGRESS_IGNORE_REASONS)[number];

/** Those of them that a message can have; `too_many`: more workers send messages than are followed. */
export const MESSAGE_IGNORE_REASONS = [
  'empty',
  'oversized',
  'not_json',
  'wrong_type',
  'bad_name',
  'clock',
  'too_many',
] as const satisfies readonly ProgressIgnoreReason[];

/** What a worker or orchestrator says of itself; only the name is certain. Times are the writer's clock. */
export interface ProgressReport {
  readonly name: string;
  readonly role?: 'worker' | 'orchestrator';
  readonly stage?: string;
  /** That it takes its jobs from. */
  readonly queue?: string;
  /** In lower case. */
  readonly state?: string;
  readonly document?: string;
  readonly done?: number;
  readonly total?: number;
  readonly unit?: string;
  readonly message?: string;
  readonly startedAtMs?: number;
  /** It was written without a zone, and is local time perhaps. */
  readonly isStartZoneless?: true;
  readonly updatedAtMs?: number;
  /** Stage ids an orchestrator is through with. */
  readonly completed?: readonly string[];
}

/** A report and a file's own facts, or why the file is of no use. */
export type ProgressReading =
  | { readonly kind: 'report'; readonly report: ProgressReport }
  | { readonly kind: 'ignored'; readonly reason: ProgressIgnoreReason; readonly detail: string };

export interface Job {
  readonly document?: string;
  readonly done?: number;
  readonly total?: number;
  readonly unit?: string;
  readonly message?: string;
  readonly state?: string;
  /** As the worker says, its clock's skew taken off; else when the job was first seen. */
  readonly startedAtMs: number;
  /** Our clock when done, total, document, state or message last moved. */
  readonly lastProgressAtMs: number;
  /** Our clock when the file last changed, or a message last came, at all. */
  readonly lastHeartbeatAtMs: number;
  /** How far the writer's clock is ahead of ours, negative: behind; absent while they agree (5 s ahead, 30 s behind). */
  readonly clockSkewMs?: number;
}

interface Reporter {
  /** Name of the container, or the name in the file where no container is known: the label `container`. */
  readonly container: string;
  /** Key of the container in `Fleet.containers`; absent when it is known from its progress only. */
  readonly identity?: string;
  readonly id?: string;
  /** It is known from messages through the broker, not from a file. */
  readonly isByMessage?: true;
  /** What it last wrote cannot be used; the job is what was last understood. */
  readonly unreadable?: ProgressIgnoreReason;
}

export interface Worker extends Reporter {
  readonly role: 'worker';
  readonly stage?: string;
  readonly gpu?: string;
  /** That it takes its jobs from, as it said last. */
  readonly queue?: string;
  /** Absent: idle. */
  readonly job?: Job;
  /** What the broker says that it holds; absent where it reports progress itself, or the broker does not say. */
  readonly hold?: BrokerHold;
}

export interface Orchestrator extends Reporter {
  readonly role: 'orchestrator';
  /** running, waiting, done, in its own words. */
  readonly state?: string;
  /** Where in the DAG it is. */
  readonly stage?: string;
  readonly completed: readonly string[];
  readonly document?: string;
  /** The document under way; absent when it carries none or is done. */
  readonly job?: Job;
}

export type JobOutcome = 'succeeded' | 'failed' | 'unknown';

/** How it was seen that a job ended; `acked` and `let_go` (rejected, or its channel was closed): by the broker. */
export type JobEnd = 'removed' | 'state' | 'replaced' | 'silent' | 'acked' | 'let_go';

export interface EndedJob {
  readonly container: string;
  readonly identity?: string;
  readonly stage?: string;
  readonly document?: string;
  readonly startedAtMs: number;
  readonly endedAtMs: number;
  /** Absent when the start is only a guess. */
  readonly durationMs?: number;
  /** When `done` last moved; absent for a job that counts no units, or whose last step nobody saw. */
  readonly lastStepAtMs?: number;
  readonly outcome: JobOutcome;
  readonly end: JobEnd;
}

/** Time between two moves of `done` in one job, both seen. */
export interface ProgressGap {
  readonly stage: string;
  readonly gapMs: number;
  readonly atMs: number;
}

/** Counts of one stage that only rise. */
export interface StageWork {
  readonly stage: string;
  /** Jobs that succeeded: their state or a success sentinel says so, or no sentinels are watched and the file went. */
  readonly jobsCompleted: number;
  /** Jobs that failed: their state or a failure sentinel says so. */
  readonly jobsFailed: number;
  /** Jobs of which nothing tells how they ended. */
  readonly jobsEndedUnknown: number;
  /** Seconds, of completed jobs whose start is known. */
  readonly jobDurations: Histogram;
}

export interface IgnoredProgressFile {
  readonly file: string;
  readonly reason: ProgressIgnoreReason;
  readonly detail: string;
  readonly sinceMs: number;
}

/** How many progress files there are now, by whether they are of use. */
export interface ProgressFileCounts {
  readonly used: number;
  readonly ignored: Readonly<Record<ProgressIgnoreReason, number>>;
}

/** Messages that were of no use, by reason; one object, replaced on change. */
export interface IgnoredProgressMessages {
  readonly counts: Readonly<Record<string, number>>;
  /** The last one of each reason that occurred. */
  readonly last: ReadonlyMap<ProgressIgnoreReason, { readonly detail: string; readonly atMs: number }>;
}

/** The part of the fleet that progress files and messages tell. */
export interface ProgressPicture {
  /** By the container's identity, else by the name in the file. */
  readonly workers: ReadonlyMap<string, Worker>;
  readonly orchestrators: ReadonlyMap<string, Orchestrator>;
  /** By stage. */
  readonly stageWork: ReadonlyMap<string, StageWork>;
  readonly endedJobs: SequenceRing<EndedJob>;
  readonly progressGaps: SequenceRing<ProgressGap>;
  /** By file. */
  readonly ignoredProgressFiles: ReadonlyMap<string, IgnoredProgressFile>;
  /** Undefined while there is no broker that messages could come from. */
  readonly ignoredProgressMessages: IgnoredProgressMessages | undefined;
  /** Undefined until the folder has been read. */
  readonly progressFileCounts: ProgressFileCounts | undefined;
}
