/** How much memory of each GPU was in use, how long it has been nearly full, and which XID errors came when. */

import type { Gpu } from '../fleet/gpu-model.js';
import type { HistoryMoment } from './history-moment.js';
import { addSample } from './sample-series.js';

export interface MemorySample {
  readonly atMs: number;
  readonly usedBytes: number;
}

export interface GpuIncident {
  readonly xid: string;
  readonly count: number;
  readonly atMs: number;
}

export interface GpuHistory {
  /** By identity of the GPU; begins anew when the containers on it change. */
  readonly memory: ReadonlyMap<string, readonly MemorySample[]>;
  readonly highSinceMs: ReadonlyMap<string, number>;
  /** Since when memory is in use although no running container may use the GPU. */
  readonly orphanedSinceMs: ReadonlyMap<string, number>;
  /** Errors newly seen, the last of each XID. */
  readonly xids: ReadonlyMap<string, readonly GpuIncident[]>;
  note(moment: Pick<HistoryMoment, 'fleet' | 'settings' | 'nowMs'>): void;
}

const SPACING_MS = 60_000;
const KEPT_FACTOR = 1.2;
const XID_KEPT_MS = 6 * 3_600_000;
/** Driver and display take less. */
const ORPHANED_BYTES = 2 * 1024 ** 3;

export function createGpuHistory(): GpuHistory {
  const memory = new Map<string, readonly MemorySample[]>();
  const highSinceMs = new Map<string, number>();
  const orphanedSinceMs = new Map<string, number>();
  const xids = new Map<string, readonly GpuIncident[]>();
  const seenXids = new Map<string, ReadonlyMap<string, number>>();
  const tenants = new Map<string, string>();

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

  function follow(since: Map<string, number>, key: string, isSo: boolean, nowMs: number): void {
    if (!isSo) since.delete(key);
    else if (!since.has(key)) since.set(key, nowMs);
  }

  function forgetGone({ gpus, lostGpus }: HistoryMoment['fleet']): void {
    for (const map of [memory, highSinceMs, orphanedSinceMs, xids, seenXids, tenants]) {
      for (const key of map.keys()) if (!gpus.has(key) && !lostGpus.has(key)) map.delete(key);
    }
  }

  function noteMemory({ identity, seenAtMs }: Gpu, usedBytes: number, who: string, keptMs: number): void {
    if (tenants.get(identity) !== who) memory.delete(identity);
    tenants.set(identity, who);
    const sample = { atMs: seenAtMs, usedBytes };
    const limits = { spacingMs: SPACING_MS, keptMs };
    memory.set(identity, addSample(memory.get(identity) ?? [], sample, limits));
  }

  return {
    memory,
    highSinceMs,
    orphanedSinceMs,
    xids,
    note({ fleet, settings: { detection }, nowMs }) {
      const running = tenantsOf(fleet);
      const hasLinks = fleet.gpuLinks.length > 0;
      forgetGone(fleet);
      for (const gpu of fleet.gpus.values()) {
        const { usedBytes, totalBytes } = gpu.memory;
        noteXids(gpu, nowMs);
        if (usedBytes === undefined) continue;
        const who = running.get(gpu.identity) ?? '';
        noteMemory(gpu, usedBytes, who, detection.gpu_leak_window * KEPT_FACTOR);
        const isHigh = totalBytes !== undefined && usedBytes > detection.gpu_memory_high * totalBytes;
        follow(highSinceMs, gpu.identity, isHigh, nowMs);
        const isOrphaned = hasLinks && who === '' && usedBytes >= ORPHANED_BYTES;
        follow(orphanedSinceMs, gpu.identity, isOrphaned, nowMs);
      }
    },
  };
}

/** Which lives of which containers run on each GPU, as one text. */
function tenantsOf({ gpuLinks, containers }: HistoryMoment['fleet']): ReadonlyMap<string, string> {
  if (gpuLinks.length === 0) return new Map();
  const lives = new Map<string, string>();
  for (const { name, state, startedAtMs } of containers.values()) {
    if (state === 'running') lives.set(name, `${name}@${startedAtMs ?? ''} `);
  }
  const tenants = new Map<string, string>();
  for (const { identity, container } of gpuLinks) {
    const life = lives.get(container);
    if (life !== undefined) tenants.set(identity, (tenants.get(identity) ?? '') + life);
  }
  return tenants;
}
