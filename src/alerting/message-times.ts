/** Times as people read them in a message, in the configured time zone. */

const formats = new Map<string, Intl.DateTimeFormat>();

/** `Tue 25 Nov 03:12:04 CET`. */
export function wallTime(atMs: number, timezone: string | null): string {
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
  return format.format(atMs).replaceAll(',', '');
}
