/** Tells which users usually write to a folder from how many of its files each owns. */

/** A user who owns a smaller share is not usual. */
const USUAL_SHARE = 0.1;

export function usualAmong(filesByUid: ReadonlyMap<number, number>): ReadonlySet<number> {
  const files = [...filesByUid.values()].reduce((sum, count) => sum + count, 0);
  return new Set([...filesByUid].filter(([, count]) => count >= files * USUAL_SHARE).map(([uid]) => uid));
}
