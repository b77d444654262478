/** How a report says numbers, times and shares. */

import { plural } from '../lib/counted.js';
import { formatDuration } from '../lib/duration.js';

const GIB = 1024 ** 3;
export const UNKNOWN = '–';

/** `1 234`, with a narrow space that does not break. */
export function sayCount(count: number | null): string {
  if (count === null) return UNKNOWN;
  return String(Math.round(count)).replaceAll(/\B(?=(\d{3})+$)/g, '\u202f');
}

export function sayNumbered(count: number, noun: string): string {
  return `${sayCount(count)} ${plural(count, noun)}`;
}

export function saySeconds(seconds: number | null): string {
  if (seconds === null) return UNKNOWN;
  if (seconds > 0 && seconds < 10) return `${seconds.toFixed(1)}s`;
  return formatDuration(Math.round(seconds) * 1000);
}

export function sayShare(share: number | null): string {
  if (share === null) return UNKNOWN;
  const percent = share * 100;
  return `${percent > 0 && percent < 10 ? percent.toFixed(1) : Math.round(percent)} %`;
}

export function sayGib(bytes: number | null): string {
  return bytes === null ? UNKNOWN : `${(bytes / GIB).toFixed(1)} GiB`;
}

export function sayRate(perHour: number | null): string {
  if (perHour === null) return UNKNOWN;
  return perHour > 0 && perHour < 10 ? perHour.toFixed(1) : sayCount(perHour);
}

/** The time of day where the range lies within one, in UTC: `08:00:05`; else the date too. */
export function sayTimeWithin(
  atMs: number,
  { fromMs, toMs }: { readonly fromMs: number; readonly toMs: number },
): string {
  const days = [fromMs, toMs, atMs].map((ms) => sayTime(ms).slice(0, 10));
  return new Set(days).size === 1 ? sayTime(atMs).slice(11) : sayTime(atMs);
}

/** `2026-01-31 08:00:05`, in UTC. */
export function sayTime(atMs: number): string {
  return new Date(atMs).toISOString().slice(0, 19).replace('T', ' ');
}
