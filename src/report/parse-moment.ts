/** Reads the times of a report: `2026-01-31T08:00:00Z`, Unix seconds, `now`, or how long ago: `8h`. */

import { parseDuration } from '../lib/duration.js';
import type { TimeRange } from './run-facts.js';

/** Unix milliseconds; undefined: it is no time. */
export function parseMoment(text: string, nowMs: number): number | undefined {
  if (text === 'now') return nowMs;
  if (/^\d{9,11}(?:\.\d+)?$/.test(text)) return Number(text) * 1000;
  const agoMs = parseDuration(text);
  if (agoMs !== undefined) return nowMs - agoMs;
  const atMs = /^\d{4}-\d\d-\d\d/.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(atMs) ? undefined : atMs;
}

/** `FROM..TO`, or how much earlier a range of the same length lies: `24h`. */
export function parseAgainst(text: string, range: TimeRange, nowMs: number): TimeRange | undefined {
  const [from, to, more] = text.split('..');
  if (more !== undefined) return undefined;
  if (to !== undefined) {
    const fromMs = parseMoment(from ?? '', nowMs);
    const toMs = parseMoment(to, nowMs);
    return fromMs === undefined || toMs === undefined || fromMs >= toMs ? undefined : { fromMs, toMs };
  }
  const earlierMs = parseDuration(text);
  return earlierMs === undefined || earlierMs <= 0
    ? undefined
    : { fromMs: range.fromMs - earlierMs, toMs: range.toMs - earlierMs };
}
