/** Remembers which jobs have been told to have ended, and when: by sentinels, or by their worker's own last word. */

import type { Fleet } from '../fleet/model.js';

export interface ToldOutcomes {
  /** Takes in what has come since the call before. */
  note(fleet: Pick<Fleet, 'sentinels' | 'endedJobs'>): void;
  /** How a job of the stage and document ended was told at this time or later. */
  isToldSince(stage: string | undefined, document: string | undefined, sinceMs: number): boolean;
}

const MAX_REMEMBERED = 20_000;
/** The file system's clock and ours. */
const CLOCK_TOLERANCE_MS = 2000;

export function createToldOutcomes(): ToldOutcomes {
  /** By stage and document: when it was told last. */
  const told = new Map<string, number>();
  let present: Fleet['sentinels']['failures'] = new Map();
  let seenSentinels = 0;
  let seenJobs = 0;

  function remember(stage: string, document: string | undefined, atMs: number): void {
    if (document === undefined) return;
    const key = `${stage}\n${document}`;
    const knownMs = told.get(key) ?? atMs;
    // Deleted first, so that the map's order is the order of telling.
    told.delete(key);
    told.set(key, Math.max(atMs, knownMs));
    const oldest = told.keys().next();
    if (told.size > MAX_REMEMBERED && !oldest.done) told.delete(oldest.value);
  }

  return {
    note({ sentinels: { seen, failures }, endedJobs }) {
      for (const { entry } of seen.since(seenSentinels)) {
        remember(entry.stage, entry.document, entry.writtenAtMs);
      }
      for (const { entry } of endedJobs.since(seenJobs)) {
        if (entry.outcome !== 'unknown' && entry.stage !== undefined)
          remember(entry.stage, entry.document, entry.endedAtMs);
      }
      seenSentinels = seen.newest;
      seenJobs = endedJobs.newest;
      present = failures;
    },
    isToldSince(stage, document, sinceMs) {
      if (stage === undefined || document === undefined) return false;
      const atMs = told.get(`${stage}\n${document}`);
      if (atMs !== undefined && atMs >= sinceMs - CLOCK_TOLERANCE_MS) return true;
      // Those that were there before the daemon came are present, and were never newly seen.
      for (const failure of present.values()) {
        if (failure.document !== document || failure.stage !== stage) continue;
        if (failure.writtenAtMs >= sinceMs - CLOCK_TOLERANCE_MS) return true;
      }
      return false;
    },
  };
}
