/**
 * Estimates how far a file server's clock is ahead of ours, and dates files by our clock.
 *
 * A file's time is the server's claim. That a folder changed between two of our readings is a fact, and that no file was
 * written in the future: each bounds the difference. A server within the limits is taken as it is.
 */

export interface Bounds {
  /** Our last reading without the change; undefined: none, so that only the future is excluded. */
  readonly sinceMs: number | undefined;
  readonly nowMs: number;
}

export interface FileClock {
  /** By how much times are corrected; 0 within the limits. */
  readonly aheadMs: number;
  /** Only that files stand in the future says that it is off: by how much is not known. */
  readonly isGuess: boolean;
  /** Certain enough to say, and to remember. */
  readonly isCertain: boolean;
  /** `changedAtMs`: ctime, which no program can set. */
  note(changedAtMs: number, bounds: Bounds): void;
  /** Never in the future. */
  toOurs(fileMs: number): number;
}

const AHEAD_LIMIT_MS = 5000;
/** A network file system shows a new file up to a minute late, because folders are cached. */
const BEHIND_LIMIT_MS = 30_000;
const CERTAIN_AFTER = 3;

/** `knownAheadMs`: what the daemon run before found. */
export function createFileClock(nowMs: () => number, knownAheadMs = 0): FileClock {
  let aheadMs = knownAheadMs;
  let agreeing = 0;
  let isGuess = false;

  return {
    get aheadMs() {
      return aheadMs;
    },
    get isGuess() {
      return isGuess;
    },
    get isCertain() {
      return agreeing >= CERTAIN_AFTER;
    },
    note(changedAtMs, bounds) {
      const leastMs = changedAtMs - bounds.nowMs;
      const mostMs = bounds.sinceMs === undefined ? Number.POSITIVE_INFINITY : changedAtMs - bounds.sinceMs;
      if (aheadMs >= leastMs - AHEAD_LIMIT_MS && aheadMs <= mostMs + BEHIND_LIMIT_MS) {
        // The least, because a change is mostly seen soon after it was made.
        if (aheadMs !== 0) aheadMs = Math.max(aheadMs, leastMs);
        if (bounds.sinceMs === undefined) return;
        agreeing++;
        isGuess = false;
        return;
      }
      isGuess = bounds.sinceMs === undefined;
      agreeing = isGuess ? 0 : 1;
      const isRight = leastMs <= AHEAD_LIMIT_MS && mostMs >= -BEHIND_LIMIT_MS;
      aheadMs = isRight ? 0 : leastMs;
    },
    toOurs: (fileMs) => Math.min(fileMs - aheadMs, nowMs()),
  };
}
