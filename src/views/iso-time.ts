/** Times as the API writes them: ISO 8601, null where unknown. */

/** What a Date can hold; a file's time stamp can be anything. */
const MAX_DATE_MS = 8.64e15;

export function toIso(atMs: number | undefined): string | null {
  return atMs === undefined || Math.abs(atMs) > MAX_DATE_MS ? null : new Date(atMs).toISOString();
}
