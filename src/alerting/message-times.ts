/** Times as people read them in a message, in the configured time zone. */

const formats = new Map<string, Intl.DateTimeFormat>();

/** `Tue 25 Nov 03:12:04 CET`. */
export function wallTime(atMs: number, timezone: string | null): string {
  return formatOf(timezone).format(atMs).replaceAll(',', '');
}

const RECENT_MS = 12 * 3_600_000;

/** `03:12:04` where nobody can mistake the day, else the whole. */
export function shortTime(atMs: number, nowMs: number, timezone: string | null): string {
  if (Math.abs(nowMs - atMs) > RECENT_MS) return wallTime(atMs, timezone);
  const parts = formatOf(timezone).formatToParts(atMs);
  const part = (type: string): string => parts.find((one) => one.type === type)?.value ?? '';
  return `${part('hour')}:${part('minute')}:${part('second')}`;
}

function formatOf(timezone: string | null): Intl.DateTimeFormat {
  const key = timezone ?? '';
  let format = formats.get(key);
  if (!format) {
    format = new Intl.DateTimeFormat('en-GB', {
      weekday: 'short',
      day: 'numeric',
      month: 'short',
      hour: '2-digit',
      minute: '2-digit',
      second: '2-digit',
      hourCycle: 'h23',
      timeZoneName: 'short',
      ...(timezone !== null && { timeZone: timezone }),
    });
    formats.set(key, format);
  }
  return format;
}
