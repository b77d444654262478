/** Follows for how long processes of no container, or of one that ended, have held memory of each GPU. */

import type { GpuOrphans, OrphanProcess } from '../fleet/gpu-process-model.js';
import { createConditionClock, type HeldCondition } from './condition-clock.js';
import type { HistoryMoment } from './history-moment.js';

export interface GpuStrays {
  /** By UUID of the GPU. */
  readonly held: ReadonlyMap<string, HeldCondition>;
  note(moment: Pick<HistoryMoment, 'fleet' | 'nowMs' | 'freshness'>): void;
}

/** Driver and display take less. */
const STRAY_BYTES = 2 * 1024 ** 3;
/** What was not seen for so long is forgotten. */
const KEPT_MS = 3_600_000;

export function createGpuStrays(): GpuStrays {
  const clock = createConditionClock();
  return {
    held: clock.held,
    note({ fleet, nowMs, freshness }) {
      if (!freshness.isWatched('gpu_processes')) clock.forgetUnless(() => false);
      const orphans = freshness.isFresh('gpu_processes') ? fleet.gpuOrphans : [];
      for (const one of orphans) {
        const bytes = strangers(one).reduce((sum, { usedBytes = 0 }) => sum + usedBytes, 0);
        // Counted from read to read: between two, containers end whose processes the last one still lists.
        clock.note(one.uuid, bytes >= STRAY_BYTES, one.atMs);
      }
      const seen = new Set(orphans.map(({ uuid }) => uuid));
      clock.restUnless((uuid) => seen.has(uuid));
      clock.forgetUnless((uuid) => nowMs - (clock.held.get(uuid)?.seenAtMs ?? 0) <= KEPT_MS);
    },
  };
}

/** Those that the operator does not expect there. */
export function strangers({ processes }: GpuOrphans): readonly OrphanProcess[] {
  return processes.filter(({ isExpected }) => !isExpected);
}
