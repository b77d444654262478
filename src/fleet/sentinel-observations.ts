/** What the sentinel source can say. Times are Unix milliseconds. */

import type { Failure, SentinelDisk } from './sentinel-model.js';

export interface SentinelCount {
  readonly stage: string;
  readonly successes: number;
  readonly failures: number;
}

/** A job has ended, and how. */
export interface SeenSentinel {
  readonly outcome: 'success' | 'failure';
  readonly stage: string;
  readonly document?: string;
  readonly worker?: string;
  /** When the file was written, by the file system's clock. */
  readonly atMs: number;
  /** Of a failure: from the closed list of reasons, and the worker's own words, bounded. */
  readonly reason?: string;
  readonly error?: string;
}

export type SentinelObservation =
  /** Watching begins (anew): the reasons there can be, the stages known beforehand; what is present is told from here on. */
  | {
      readonly kind: 'sentinels-watched';
      readonly reasons: readonly string[];
      readonly stages: readonly string[];
    }
  /** Present now, of the stages named. */
  | { readonly kind: 'sentinels-counted'; readonly counts: readonly SentinelCount[] }
  /** New since the daemon, in this life or the one before, last looked. */
  | {
      readonly kind: 'sentinel-seen';
      readonly sentinel: SeenSentinel;
      /** From written to seen; absent where it was not being watched when it was written. */
      readonly delayMs?: number;
    }
  /** A failure sentinel is there, new or not; a second one of the same path replaces the first. */
  | { readonly kind: 'failure-present'; readonly failure: Failure }
  | { readonly kind: 'failure-gone'; readonly path: string }
  | { readonly kind: 'sentinel-disk-read'; readonly disk: SentinelDisk };
