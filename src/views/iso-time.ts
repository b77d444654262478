/** Times for JSON: ISO 8601, null for what has not happened. */

export function toIso(atMs: number | undefined): string | null {
  return atMs === undefined ? null : new Date(atMs).toISOString();
}
