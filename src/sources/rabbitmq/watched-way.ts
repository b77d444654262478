/** Reads one way into the broker within its time limit, and knows how it fares. */

import type { WayHealth } from '../../fleet/queue-model.js';
import type { WayReading } from '../../fleet/queue-observations.js';
import type { Clock } from '../../lib/clock.js';
import { withDeadline } from '../../lib/deadline.js';
import { describeError } from '../../lib/describe-error.js';
import { linkAbort } from '../../lib/linked-abort.js';
import { failureReason, SourceError } from '../source-error.js';
import type { Way } from './broker-way.js';

export interface WatchedWay {
  readonly health: WayHealth;
  /** Never rejects: a failure is its answer. */
  read(signal: AbortSignal): Promise<WayReading | SourceError>;
  close(): void;
}

export function watchWay(way: Way, { clock, limitMs }: { clock: Clock; limitMs: number }): WatchedWay {
  const { via, target } = way;
  let health: WayHealth = { via, target, isUp: false };

  return {
    get health() {
      return health;
    },
    async read(signal) {
      const ending = linkAbort(signal);
      try {
        const reading = await withDeadline(way.read(ending.signal), {
          clock,
          limitMs,
          what: `reading ${target}`,
          onExpired: () => ending.abort(),
        });
        const { caveat } = reading;
        const lastSuccessAtMs = clock.nowMs();
        health = {
          via,
          target,
          isUp: true,
          lastSuccessAtMs,
          ...(caveat && { problem: caveat.problem }),
        };
        return reading;
      } catch (error) {
        const { problem: _before, reason: _why, ...rest } = health;
        const reason = failureReason(error);
        const problem = describeError(error);
        health = { ...rest, isUp: false, reason, problem };
        return new SourceError(reason, problem, { cause: error });
      } finally {
        ending.release();
      }
    },
    close: way.close,
  };
}
