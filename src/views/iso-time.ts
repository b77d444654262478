/** Times as the API writes them: ISO 8601, null where unknown. */

export function toIso(atMs: number | undefined): string | null {
  return atMs === undefined ? null : new Date(atMs).toISOString();
}
