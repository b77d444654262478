/** Lines in the logs of workers that fit a pattern of errors. */

/** Lines of one container that fit one pattern, in one reading. */
export interface LogMatch {
  readonly pattern: string;
  readonly count: number;
  /** The newest of them; bounded, without control characters and credentials. */
  readonly line: string;
  /** When it was printed, by our clock. */
  readonly atMs: number;
}

export interface LogReading {
  readonly id: string;
  readonly matches: readonly LogMatch[];
}

export type LogObservation =
  /** What is searched for, and for how long without a new line an episode is over. */
  | { readonly kind: 'logs-watched'; readonly patterns: readonly string[]; readonly cooldownMs: number }
  | { readonly kind: 'logs-read'; readonly readings: readonly LogReading[] };

/** Since the start of the daemon. */
export interface LogErrorCount {
  readonly stage: string;
  readonly pattern: string;
  readonly count: number;
}

/** What one container has printed of one pattern, without a pause longer than the cooldown. */
export interface LogTrouble extends LogMatch {
  /** Of the container. */
  readonly identity: string;
  readonly container: string;
  readonly stage?: string;
  readonly firstAtMs: number;
}
