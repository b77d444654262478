/** Times as the API shows them: ISO 8601, null where there is none. */

export function toIso(atMs: number | undefined): string | null {
  return atMs === undefined ? null : new Date(atMs).toISOString();
}
