/** Decides whether what a source says is new enough to judge by. */

import type { Fleet, SourceHealth, SourceName } from '../fleet/model.js';
import { formatDuration } from '../lib/duration.js';

export interface Freshness {
  isWatched(source: SourceName): boolean;
  /** Watched, read at least once, and not failing for longer than `detection.stale_after`. */
  isFresh(source: SourceName): boolean;
  /** Its trouble in words, where it is watched and not fresh. */
  staleProblem(source: SourceName): string | undefined;
  /** When it was last read well. */
  lookedAtMs(source: SourceName): number | undefined;
}

export function createFreshness(
  { sources }: Pick<Fleet, 'sources'>,
  { nowMs, staleAfterMs }: { readonly nowMs: number; readonly staleAfterMs: number },
): Freshness {
  function isFreshHealth({ isUp, lastSuccessAtMs }: SourceHealth): boolean {
    if (lastSuccessAtMs === undefined) return false;
    return isUp === true || nowMs - lastSuccessAtMs <= staleAfterMs;
  }
  return {
    isWatched: (source) => sources.has(source),
    isFresh(source) {
      const health = sources.get(source);
      return health !== undefined && isFreshHealth(health);
    },
    staleProblem(source) {
      const health = sources.get(source);
      if (!health || isFreshHealth(health)) return undefined;
      const { lastSuccessAtMs, problem } = health;
      if (lastSuccessAtMs === undefined) return problem ?? 'not read yet';
      return `last read ${formatDuration(nowMs - lastSuccessAtMs)} ago`;
    },
    lookedAtMs: (source) => sources.get(source)?.lastSuccessAtMs,
  };
}
