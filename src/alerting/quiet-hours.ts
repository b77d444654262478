/** Decides whether it is a quiet hour, and when the quiet ends, by the clock on the wall of a time zone. */

import type { AlertsConfig } from '../config/alerts-section.js';

const MINUTES_A_DAY = 24 * 60;

/** Never during the quiet hours of another zone: `timezone` null is the daemon's own. */
export function isQuiet(
  nowMs: number,
  { quiet_hours, timezone }: Pick<AlertsConfig, 'quiet_hours' | 'timezone'>,
): boolean {
  if (quiet_hours.from === null || quiet_hours.to === null) return false;
  const from = minuteOf(quiet_hours.from);
  const to = minuteOf(quiet_hours.to);
  const now = minuteOf(wallTime(nowMs, timezone));
  // From the beginning on, counted round the clock: `22:00` to `07:00` lasts nine hours.
  return (now - from + MINUTES_A_DAY) % MINUTES_A_DAY < (to - from + MINUTES_A_DAY) % MINUTES_A_DAY;
}

function minuteOf(text: string): number {
  const [hours = 0, minutes = 0] = text.split(':').map(Number);
  return hours * 60 + minutes;
}

const formats = new Map<string | null, Intl.DateTimeFormat>();

/** `22:05`; a format is dear to make and is kept. */
function wallTime(nowMs: number, timezone: string | null): string {
  let format = formats.get(timezone);
  if (!format) {
    const zone = timezone === null ? {} : { timeZone: timezone };
    format = new Intl.DateTimeFormat('en-GB', {
      hour: '2-digit',
      minute: '2-digit',
      hourCycle: 'h23',
      ...zone,
    });
    formats.set(timezone, format);
  }
  return format.format(nowMs);
}
