/** How times, counts, shares, bytes and rates are said, the same in every view. */

import { plural } from '../../lib/counted.js';
import { formatDuration } from '../../lib/duration.js';

export { formatDuration };

const THIN_SPACE = '\u2009';
const GIB = 1024 ** 3;

/** `2h05m ago`; what lies ahead by a clock's fault is `now`. */
export function formatAgo(durationMs: number): string {
  return durationMs < 1000 ? 'now' : `${formatDuration(durationMs)} ago`;
}

/** Digits in threes with a thin space between, or another separator: `1 234`, `12 345 678`. */
export function formatCount(count: number, separator: string = THIN_SPACE): string {
  const digits = String(Math.round(Math.abs(count)));
  const grouped = digits.replaceAll(/\B(?=(\d{3})+$)/g, separator);
  return count <= -0.5 ? `−${grouped}` : grouped;
}

/** `48 workers`, `1 worker`. */
export function formatNumbered(count: number, noun: string): string {
  return `${formatCount(count)} ${plural(count, noun)}`;
}

/** `42 %`; never `100 %` before all is done nor `0 %` once something is. */
export function formatShare(ratio: number): string {
  const percent = Math.round(ratio * 100);
  if (ratio < 1 && percent >= 100) return '99 %';
  if (ratio > 0 && percent <= 0) return '1 %';
  return `${percent} %`;
}

/** `143.2 GiB`; from 100 on without decimals. */
export function formatGib(bytes: number): string {
  const gib = bytes / GIB;
  return `${gib >= 99.95 ? gib.toFixed(0) : gib.toFixed(1)} GiB`;
}

/** `143 of 180 GiB (79 %)`. */
export function formatMemory(usedBytes: number, totalBytes: number): string {
  const used = formatGib(usedBytes).replace(' GiB', '');
  return `${used} of ${formatGib(totalBytes)} (${formatShare(usedBytes / totalBytes)})`;
}

/** Signed, per minute: `+34/min`, `−0.4/min`; what rounds to nothing is `steady`. */
export function formatTrend(perMinute: number): string {
  const size = Math.abs(perMinute);
  if (size < 0.05) return 'steady';
  const digits = size >= 10 ? formatCount(size) : size.toFixed(1).replace(/\.0$/, '');
  return `${perMinute > 0 ? '+' : '−'}${digits}/min`;
}

/** ↑ rising, ↓ falling, → steady. */
export function trendArrow(perMinute: number): '↑' | '↓' | '→' {
  if (Math.abs(perMinute) < 0.05) return '→';
  return perMinute > 0 ? '↑' : '↓';
}

/** `312/h`; small rates keep a decimal. */
export function formatPerHour(perHour: number): string {
  return perHour >= 10 || perHour === 0 ? `${formatCount(perHour)}/h` : `${perHour.toFixed(1)}/h`;
}

/** Unix milliseconds, null where the text is no time. */
export function parseTime(text: string | null | undefined): number | null {
  const atMs = text === null || text === undefined ? Number.NaN : Date.parse(text);
  return Number.isNaN(atMs) ? null : atMs;
}

/** Time since, never below 0; null where the begin is not known. */
export function elapsedMs(sinceMs: number | null, nowMs: number): number | null {
  return sinceMs === null ? null : Math.max(0, nowMs - sinceMs);
}
