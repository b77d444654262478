/** Lets a few lines of one kind through in an interval; the rest is counted and logged as one line when it ends. */

import type { Clock } from './clock.js';
import type { Logger } from './logger.js';

export interface LogQuota {
  /** `fields` of the last line that was held back stand in the line that counts them, as an example. */
  warn(kind: string, fields: Readonly<Record<string, unknown>>, message: string): void;
}

export interface LogQuotaOptions {
  readonly clock: Clock;
  readonly log: Pick<Logger, 'warn'>;
  readonly linesPerInterval?: number;
  readonly intervalMs?: number;
}

interface Kind {
  lines: number;
  heldBack: number;
  last: () => void;
}

const LINES_PER_INTERVAL = 10;
const INTERVAL_MS = 60_000;

export function createLogQuota({
  clock,
  log,
  linesPerInterval = LINES_PER_INTERVAL,
  intervalMs = INTERVAL_MS,
}: LogQuotaOptions): LogQuota {
  const kinds = new Map<string, Kind>();
  let isCounting = false;

  function endInterval(): void {
    isCounting = false;
    for (const { heldBack, last } of kinds.values()) if (heldBack > 0) last();
    kinds.clear();
  }

  return {
    warn(kind, fields, message) {
      if (!isCounting) clock.after(intervalMs, endInterval);
      isCounting = true;
      const known = kinds.get(kind) ?? { lines: 0, heldBack: 0, last: () => undefined };
      kinds.set(kind, known);
      if (known.lines < linesPerInterval) {
        known.lines++;
        log.warn(fields, message);
        return;
      }
      known.heldBack++;
      known.last = () =>
        log.warn({ ...fields, more: known.heldBack }, `${message}; so many more of the kind`);
    },
  };
}
