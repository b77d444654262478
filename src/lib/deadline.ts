/** Races a promise with a time limit, because neither sockets nor libraries promise to answer. */

import type { Clock } from './clock.js';
import { writeDuration } from './duration.js';

export class DeadlineError extends Error {
  readonly limitMs: number;

  constructor(what: string, limitMs: number) {
    super(`${what}: no answer within ${writeDuration(limitMs)}`);
    this.name = 'DeadlineError';
    this.limitMs = limitMs;
  }
}

export interface DeadlineOptions {
  readonly clock: Clock;
  readonly limitMs: number;
  /** What was being done, for the error's message. */
  readonly what: string;
  /** Called once when the limit passes, to free what the promise still holds. */
  readonly onExpired?: () => void;
}

/** Settles as `work` does, or rejects with DeadlineError after `limitMs`; a late failure of `work` is absorbed. */
export function withDeadline<T>(work: Promise<T>, options: DeadlineOptions): Promise<T> {
  const { clock, limitMs, what, onExpired } = options;
  return new Promise<T>((resolve, reject) => {
    const timer = clock.after(limitMs, () => {
      reject(new DeadlineError(what, limitMs));
      onExpired?.();
    });
    work.then(
      (value) => {
        timer.cancel();
        resolve(value);
      },
      (error: unknown) => {
        timer.cancel();
        reject(error);
      },
    );
  });
}
