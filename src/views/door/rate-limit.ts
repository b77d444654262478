/** The rate limit of the web configuration file: a token bucket over all requests, as the exporter toolkit has it. */

import type { WebAccess } from '../../config/read-web-file.js';
import type { Clock } from '../../lib/clock.js';

export interface RateLimit {
  /** Takes one; a limit that was changed begins with a full bucket. */
  allows(limit: WebAccess['rateLimit']): boolean;
}

export function createRateLimit(clock: Pick<Clock, 'monotonicMs'>): RateLimit {
  let last:
    | { readonly limit: WebAccess['rateLimit']; readonly left: number; readonly atMs: number }
    | undefined;
  return {
    allows(limit) {
      if (limit === null) return true;
      const atMs = clock.monotonicMs();
      // With a burst of 0 nothing would ever be answered, which is never meant.
      const most = Math.max(1, limit.burst);
      const left =
        last?.limit === limit ? Math.min(most, last.left + (atMs - last.atMs) / limit.intervalMs) : most;
      const isAllowed = left >= 1;
      last = { limit, left: isAllowed ? left - 1 : left, atMs };
      return isAllowed;
    },
  };
}
