/** What the daemon and the thread that looks at the files say to each other; all of it can be cloned between threads. */

import type { FailureReason } from '../../fleet/failure-reason.js';
import type { SentinelCount } from '../../fleet/sentinel-observations.js';

export interface ObserverOptions {
  readonly root: string;
  readonly pattern: string;
  readonly intervalMs: number;
  readonly fullScanIntervalMs: number;
  readonly watchBudget: number;
  /** Successes that changed before this are old. Unix milliseconds. */
  readonly newSinceMs: number;
  /** Counted already, though they may have changed after that. */
  readonly knownSuccesses?: readonly KnownSuccess[];
  /** How far the file server's clock was ahead in the daemon run before; absent: not known. */
  readonly fileAheadMs?: number;
}

/** Which file stands at a path: another one, or the same written again, has another identity. */
export type FileIdentity = string;

interface Found {
  readonly stage: string;
  readonly document?: string;
  readonly worker?: string;
  /** When the file came to stand there, by our clock as far as it can be known. */
  readonly atMs: number;
  /** It came while everything was being watched, so the time until it was seen is a delay. */
  readonly isWatched: boolean;
  /** Who owns the file. */
  readonly uid: number;
}

/** Path below the root, and when the file there was written, by the file itself. */
export type KnownSuccess = readonly [path: string, fileMs: number];

export interface FoundSuccess extends Found {
  readonly kind: 'success';
  readonly path: string;
  /** When it was written, by the file itself. */
  readonly fileMs: number;
}

export interface FoundFailure extends Found {
  readonly kind: 'failure';
  readonly path: string;
  readonly identity: FileIdentity;
  readonly error: string;
  /** As its writer says; need not be one of the configured reasons. */
  readonly reason?: string;
  readonly failedAtMs?: number;
  /** More text of the failure that was reported a moment ago, not another one. */
  readonly isContinued: boolean;
}

export interface GoneFailure {
  readonly kind: 'failure-gone';
  readonly path: string;
}

export type ObserverEvent = FoundSuccess | FoundFailure | GoneFailure;

/** Everything was looked at, one way or another. */
export interface Look {
  readonly startedAtMs: number;
  readonly durationMs: number;
  readonly folders: number;
  readonly watched: number;
  /** Who owns the root. */
  readonly rootUid: number;
  readonly disk?: DiskSpace;
  /** How far the file server's clock is ahead of ours, where that is certain; 0 within the limits. */
  readonly fileAheadMs?: number;
}

/** What a process without special rights can still write. */
export interface DiskSpace {
  readonly freeBytes: number;
  readonly totalBytes: number;
  readonly freeFiles?: number;
}

export interface Problem {
  readonly reason: FailureReason;
  readonly problem: string;
}

export interface Note {
  readonly level: 'info' | 'warn';
  readonly message: string;
  readonly fields: Readonly<Record<string, string | number>>;
}

/** An empty report is a sign of life. */
export interface Report {
  readonly events: readonly ObserverEvent[];
  readonly counts: readonly SentinelCount[];
  readonly problems: readonly Problem[];
  readonly notes: readonly Note[];
  readonly look?: Look;
  /** The root itself cannot be read. */
  readonly lost?: Problem;
}

/** The daemon has taken in the last report and is ready for the next. */
export interface ReportTaken {
  readonly kind: 'taken';
}
