/** Lets a few lines of one kind through in an interval; the rest is counted and logged as one line when it ends. */

import type { Clock } from './clock.js';
import type { Logger } from './logger.js';

/** `fields` of the last line that was held back stand in the line that counts them, as an example. */
type Say = (kind: string, fields: Readonly<Record<string, unknown>>, message: string) => void;

export interface LogQuota {
  readonly error: Say;
  readonly warn: Say;
  readonly info: Say;
}

export interface LogQuotaOptions {
  readonly clock: Clock;
  readonly log: Pick<Logger, 'error' | 'info' | 'warn'>;
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

  function sayAt(level: 'error' | 'info' | 'warn'): Say {
    return (kind, fields, message) => {
      if (!isCounting) clock.after(intervalMs, endInterval);
      isCounting = true;
      const known = kinds.get(kind) ?? { lines: 0, heldBack: 0, last: () => undefined };
      kinds.set(kind, known);
      if (known.lines < linesPerInterval) {
        known.lines++;
        log[level](fields, message);
        return;
      }
      known.heldBack++;
      known.last = () =>
        log[level]({ ...fields, more: known.heldBack }, `${message}; so many more of the kind`);
    };
  }

  return { error: sayAt('error'), warn: sayAt('warn'), info: sayAt('info') };
}
