/** Durations as people say them (`7m12s`), and as they write them into a configuration (`500ms`, `10m`). */

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const WHOLE = /^(?:\d+(?:\.\d+)?(?:ms|s|m|h|d))+$/;
const PART = /(\d+(?:\.\d+)?)(ms|s|m|h|d)/g;

/** Milliseconds, or undefined when `text` is not a duration; several parts add up (`1h30m`). */
export function parseDuration(text: string): number | undefined {
  if (!WHOLE.test(text)) return undefined;
  let totalMs = 0;
  for (const [, amount = '', unit = ''] of text.matchAll(PART)) {
    totalMs += Number(amount) * (UNIT_MS[unit] ?? Number.NaN);
  }
  return Number.isFinite(totalMs) ? totalMs : undefined;
}

const pad = (value: number): string => String(value).padStart(2, '0');

/** The two largest units, as people say them: `12s`, `7m12s`, `2h05m`, `3d04h`; below a second `0s`. */
export function formatDuration(durationMs: number): string {
  const totalSeconds = Math.max(0, Math.floor(durationMs / 1000));
  const seconds = totalSeconds % 60;
  const minutes = Math.floor(totalSeconds / 60) % 60;
  const hours = Math.floor(totalSeconds / 3600) % 24;
  const days = Math.floor(totalSeconds / 86_400);
  if (days > 0) return `${days}d${pad(hours)}h`;
  if (hours > 0) return `${hours}h${pad(minutes)}m`;
  return minutes > 0 ? `${minutes}m${pad(seconds)}s` : `${seconds}s`;
}

/** Exactly, with the fewest units: `500ms`, `10m`, `2h`, `1m30s`. */
export function writeDuration(durationMs: number): string {
  const units = Object.entries(UNIT_MS).toReversed();
  let left = Math.round(durationMs);
  const parts = units.flatMap(([unit, unitMs]) => {
    const count = Math.floor(left / unitMs);
    left -= count * unitMs;
    return count === 0 ? [] : `${count}${unit}`;
  });
  return parts.join('') || '0s';
}
