/** Sentinels in the picture: how many there are of each stage, and what failed. Times are Unix milliseconds. */

import type { Histogram } from '../lib/histogram.js';
import type { SequenceRing } from '../lib/sequence-ring.js';

export interface StageSentinels {
  readonly stage: string;
  /** Present now; absent until everything was read once. */
  readonly successes?: number;
  readonly failures?: number;
  /** Failure sentinels newly seen, by reason; only rises. */
  readonly newFailures: Readonly<Record<string, number>>;
}

/** A failure sentinel that is present. */
export interface Failure {
  /** Below the root of the sentinels. */
  readonly path: string;
  readonly stage: string;
  readonly document?: string;
  readonly worker?: string;
  readonly reason: string;
  /** The worker's own words, bounded. */
  readonly error: string;
  /** When the file was written, by the file system's clock. */
  readonly writtenAtMs: number;
  /** What the file itself says. */
  readonly failedAtMs?: number;
  readonly firstSeenAtMs: number;
}

/** A sentinel that was newly seen: a job has ended. */
export interface SentinelSeen {
  readonly outcome: 'success' | 'failure';
  readonly stage: string;
  readonly document?: string;
  readonly worker?: string;
  /** When the file was written, by the file system's clock. */
  readonly writtenAtMs: number;
  /** From written to seen; absent where nobody was looking when it was written. */
  readonly delayMs?: number;
  /** Of a failure, from the closed list of reasons. */
  readonly reason?: string;
}

/** The file system that sentinels are written to, as a process without special rights may use it. */
export interface SentinelDisk {
  readonly freeBytes: number;
  readonly totalBytes: number;
  /** Files that can still be created; absent where the file system sets no limit. */
  readonly freeFiles?: number;
  readonly atMs: number;
}

export interface SentinelFacts {
  /** The newest of those newly seen, in the order of their coming. */
  readonly seen: SequenceRing<SentinelSeen>;
  /** By stage. */
  readonly stages: ReadonlyMap<string, StageSentinels>;
  /** By path; the newest of them when there are very many. */
  readonly failures: ReadonlyMap<string, Failure>;
  /** Seconds from written to seen; absent while no sentinels are watched. One object, replaced on change. */
  readonly delay?: SentinelDelay;
  /** Absent until it was read, and where the file system does not say. */
  readonly disk?: SentinelDisk;
}

export interface SentinelDelay {
  readonly histogram: Histogram;
}
