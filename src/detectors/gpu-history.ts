/** How much memory of each GPU was in use, how long it has been nearly full, and which XID errors came when. */

import type { Gpu } from '../fleet/gpu-model.js';
import { createConditionClock, type HeldCondition } from './condition-clock.js';
import { createGpuTenants } from './gpu-tenants.js';
import type { HistoryMoment } from './history-moment.js';
import { addSample } from './sample-series.js';

export interface MemorySample {
  readonly atMs: number;
  readonly usedBytes: number;
  /** Sum of the rises so far that containers may have caused that were new on the GPU: they load their models. */
  readonly loadedBytes: number;
}

export interface GpuIncident {
  readonly xid: string;
  readonly count: number;
  readonly atMs: number;
}

export interface GpuHistory {
  /** By identity of the GPU. */
  readonly memory: ReadonlyMap<string, readonly MemorySample[]>;
  readonly high: ReadonlyMap<string, HeldCondition>;
  /** Memory is in use although the containers that used the GPU are gone. */
  readonly orphaned: ReadonlyMap<string, HeldCondition>;
  /** Errors newly seen, the last of each XID. */
  readonly xids: ReadonlyMap<string, readonly GpuIncident[]>;
  note(moment: Pick<HistoryMoment, 'fleet' | 'settings' | 'nowMs' | 'freshness' | 'workers'>): void;
}

const SPACING_MS = 60_000;
const KEPT_FACTOR = 1.2;
/** Whoever is new on a GPU, or has its first job there, has loaded what it needs after so long. */
const LOADING_MS = 10 * 60_000;
const XID_KEPT_MS = 6 * 3_600_000;
/** One that was away for so long and is back was reset: no exporter blinks for so long. */
const RESET_MS = 15_000;
/** Driver and display take less. */
const ORPHANED_BYTES = 2 * 1024 ** 3;

export function createGpuHistory(): GpuHistory {
  const memory = new Map<string, readonly MemorySample[]>();
  const high = createConditionClock();
  const orphaned = createConditionClock();
  const xids = new Map<string, readonly GpuIncident[]>();
  const newcomerAtMs = new Map<string, number>();
  const seenXids = new Map<string, ReadonlyMap<string, number>>();
  const tenants = createGpuTenants();
  /** GPUs that were away for long enough, by identity. */
  const away = new Set<string>();

  /** What it reported before it went away is over when it is back. */
  function noteReturns({ gpus, lostGpus }: HistoryMoment['fleet'], nowMs: number): void {
    for (const [identity, { lostAtMs }] of lostGpus) if (nowMs - lostAtMs >= RESET_MS) away.add(identity);
    for (const identity of away) {
      const gpu = gpus.get(identity);
      if (!gpu) continue;
      away.delete(identity);
      xids.delete(identity);
      // What it counts now, and did not when it was last seen, is what took it away.
      if (gpu.xidEvents) seenXids.set(identity, gpu.xidEvents);
    }
  }

  function noteXids({ identity, xidEvents }: Gpu, nowMs: number): void {
    if (!xidEvents) return;
    const before = seenXids.get(identity);
    seenXids.set(identity, xidEvents);
    const known = (xids.get(identity) ?? []).filter(({ atMs }) => nowMs - atMs <= XID_KEPT_MS);
    const fresh = [...xidEvents].flatMap(([xid, count]) => {
      const rise = count - (before?.get(xid) ?? 0);
      return rise > 0 ? { xid, count: rise, atMs: nowMs } : [];
    });
    const kept = known.filter(({ xid }) => !fresh.some((one) => one.xid === xid));
    xids.set(identity, [...kept, ...fresh]);
  }

  function forgetGone({ gpus, lostGpus }: HistoryMoment['fleet']): void {
    const isKnown = (key: string): boolean => gpus.has(key) || lostGpus.has(key);
    for (const map of [memory, newcomerAtMs, xids, seenXids]) {
      for (const key of map.keys()) if (!isKnown(key)) map.delete(key);
    }
    for (const clock of [high, orphaned]) {
      clock.forgetUnless(isKnown);
      clock.restUnless((key) => gpus.has(key));
    }
  }

  function noteMemory({ identity, seenAtMs }: Gpu, usedBytes: number, keptMs: number): void {
    const series = memory.get(identity) ?? [];
    const last = series.at(-1);
    const loadingUntilMs = (newcomerAtMs.get(identity) ?? Number.NEGATIVE_INFINITY) + LOADING_MS;
    const rise = last && last.atMs <= loadingUntilMs ? Math.max(0, usedBytes - last.usedBytes) : 0;
    const sample = { atMs: seenAtMs, usedBytes, loadedBytes: (last?.loadedBytes ?? 0) + rise };
    memory.set(identity, addSample(series, sample, { spacingMs: SPACING_MS, keptMs }));
  }

  return {
    memory,
    high: high.held,
    orphaned: orphaned.held,
    xids,
    note({ fleet, settings: { detection }, nowMs, freshness, workers }) {
      const isSeen = freshness.isFresh('docker');
      const isRead = freshness.isFresh('dcgm');
      forgetGone(fleet);
      noteReturns(fleet, nowMs);
      const present = tenants.note({ fleet, workers, nowMs });
      for (const gpu of fleet.gpus.values()) {
        const { identity } = gpu;
        const { usedBytes, totalBytes } = gpu.memory;
        noteXids(gpu, nowMs);
        if (usedBytes === undefined || !isRead) {
          high.note(identity, undefined, nowMs);
          orphaned.note(identity, undefined, nowMs);
          continue;
        }
        if (present.newcomers.has(identity)) newcomerAtMs.set(identity, nowMs);
        noteMemory(gpu, usedBytes, detection.gpu_leak_window * KEPT_FACTOR);
        const isHigh =
          totalBytes === undefined ? undefined : usedBytes > detection.gpu_memory_high * totalBytes;
        high.note(identity, isHigh, nowMs);
        const isLeft = present.left.has(identity) && usedBytes >= ORPHANED_BYTES;
        orphaned.note(identity, isSeen ? isLeft : undefined, nowMs);
      }
    },
  };
}
