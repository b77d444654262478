/** What can be said of work in progress. */

import type { ProgressReading } from './progress-model.js';

/** A file that is new, or has changed since the sweep before. */
export interface ChangedProgressFile {
  /** Without `.json`. */
  readonly name: string;
  readonly mtimeMs: number;
  readonly reading: ProgressReading;
}

export interface ProgressSwept {
  readonly kind: 'progress-swept';
  readonly atMs: number;
  /** `changed`, or `present` where there is that, is all there is: whatever else was known is gone. */
  readonly isComplete: boolean;
  /** Names of all files there are, where only a part of them is in `changed`. */
  readonly present?: readonly string[];
  /** More of the same look is to come. */
  readonly isPart?: boolean;
  readonly changed: readonly ChangedProgressFile[];
  /** Names of files that are there no longer. */
  readonly removed: readonly string[];
  /** Files beyond the limit, not looked at. */
  readonly skipped: number;
}

/** The same JSON as a file's, come through the broker. */
export interface ProgressMessage {
  readonly kind: 'progress-message';
  readonly text: string;
  readonly atMs: number;
}

/** A sentinel tells how the job of a stage on a document ended. */
export interface JobOutcomeSeen {
  readonly kind: 'job-outcome';
  readonly stage: string;
  /** Absent where the pattern of sentinels tells none: no job can be joined to it. */
  readonly document?: string;
  readonly outcome: 'succeeded' | 'failed';
  readonly atMs: number;
}

export type ProgressObservation = ProgressSwept | ProgressMessage | JobOutcomeSeen;
