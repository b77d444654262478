/** Reads a moment as programs write it: Unix seconds (or their thousandths down to nanoseconds), or ISO 8601. */

const ISO =
  /^(\d{4})-(\d\d)-(\d\d)[T ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)? ?(?:Z|([+-])(\d\d):?(\d\d)?)?$/i;
const DATE_ONLY = /^\d{4}-\d\d-\d\d$/;
const EARLIEST_MS = Date.UTC(2000, 0, 1);
const LATEST_MS = Date.UTC(2100, 0, 1);

/**
 * Unix milliseconds, or undefined when `value` is no moment between the years 2000 and 2100.
 * ISO 8601 without a zone is UTC: containers run in UTC, and the daemon's own zone says nothing about a worker's.
 * The unit of a number is told by its size: as seconds these would be years after 30,000.
 */
export function parseTimestamp(value: unknown): number | undefined {
  const atMs =
    typeof value === 'number' ? parseUnix(value) : typeof value === 'string' ? parseIso(value) : undefined;
  if (atMs === undefined || !(atMs >= EARLIEST_MS && atMs < LATEST_MS)) return undefined;
  return atMs;
}

/** Local time perhaps: ISO 8601 that does not say its zone. */
export function isZoneless(value: unknown): boolean {
  return typeof value === 'string' && !/(?:Z|[+-]\d\d(?::?\d\d)?)$/i.test(value.replace(DATE_ONLY, ''));
}

function parseUnix(value: number): number | undefined {
  return [1000, 1, 1e-3, 1e-6]
    .map((unit) => value * unit)
    .find((atMs) => atMs >= EARLIEST_MS && atMs < LATEST_MS);
}

function parseIso(text: string): number | undefined {
  if (DATE_ONLY.test(text)) return parseIso(`${text}T00:00Z`);
  const match = ISO.exec(text);
  if (!match) return undefined;
  const [
    ,
    year,
    month,
    day,
    hour,
    minute,
    second = '0',
    fraction = '0',
    sign,
    zoneHour = '0',
    zoneMinute = '0',
  ] = match;
  const wholeMs = Date.UTC(Number(year), Number(month) - 1, Number(day), Number(hour), Number(minute));
  // Date.UTC carries over what is too large: 30 February would silently be 2 March.
  const isReal =
    new Date(wholeMs).getUTCDate() === Number(day) &&
    Number(month) <= 12 &&
    Number(hour) <= 23 &&
    Number(minute) <= 59 &&
    Number(second) <= 60;
  if (!isReal) return undefined;
  const zoneMs = (Number(zoneHour) * 60 + Number(zoneMinute)) * 60_000 * (sign === '-' ? -1 : 1);
  return wholeMs + Number(second) * 1000 + Number(`0.${fraction}`) * 1000 - (sign ? zoneMs : 0);
}
