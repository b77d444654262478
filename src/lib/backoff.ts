/** Exponential back-off with full jitter for calls that are retried for ever. */

export interface Backoff {
  /** The wait before the next try, in milliseconds; each call doubles the bound until `maxMs`. */
  nextDelayMs(): number;
  reset(): void;
}

export interface BackoffOptions {
  readonly baseMs: number;
  readonly maxMs: number;
  /** Uniform in [0, 1); injected so that tests are exact. */
  readonly random?: () => number;
}

export function createBackoff({ baseMs, maxMs, random = Math.random }: BackoffOptions): Backoff {
  let boundMs = baseMs;
  return {
    nextDelayMs() {
      // The lower half is kept fixed so that a retry never comes at once, the upper half is jitter.
      const delayMs = boundMs / 2 + random() * (boundMs / 2);
      boundMs = Math.min(boundMs * 2, maxMs);
      return Math.round(delayMs);
    },
    reset() {
      boundMs = baseMs;
    },
  };
}
