/** Keeps the GPUs of the picture: those that are there, those that were and are missing, and their XID counts. */

import { type Gpu, gpuIdentity, type LostGpu } from './gpu-model.js';
import type { GpuReading, GpusRead } from './gpu-observations.js';
import { createXidTally, tallyXids, type XidTally } from './xid-tally.js';

export interface GpuRegistry {
  /** By identity. */
  readonly gpus: ReadonlyMap<string, Gpu>;
  readonly lost: ReadonlyMap<string, LostGpu>;
  /** True when a GPU came, went, or is called otherwise than before. */
  applyRead(read: GpusRead): boolean;
  /** GPUs are watched no longer: the picture is emptied, XID counts go on if they are watched again. */
  forget(): void;
}

/** Lost GPUs and XID counts that are remembered; MIG instances come and go under new ids. */
const MAX_REMEMBERED = 1024;

export function createGpuRegistry(): GpuRegistry {
  const gpus = new Map<string, Gpu>();
  const lost = new Map<string, LostGpu>();
  const tallies = new Map<string, XidTally>();

  function tallyOf(identity: string): XidTally {
    const tally = tallies.get(identity) ?? createXidTally();
    // Deleted first, so that the map's order is the order of last sight.
    tallies.delete(identity);
    tallies.set(identity, tally);
    return tally;
  }

  return {
    gpus,
    lost,
    applyRead({ gpus: readings, atMs }) {
      let isChanged = false;
      const present = new Set<string>();
      const uuids = new Set(readings.map(({ uuid }) => uuid));
      for (const reading of readings) {
        const identity = gpuIdentity(reading);
        const before = gpus.get(identity) ?? lost.get(identity)?.gpu;
        const gpu = { ...toGpu(reading, tallyOf(identity), atMs), ...utilizationSeen(reading, atMs, before) };
        isChanged = !isSameDevice(gpus.get(gpu.identity), gpu) || isChanged;
        gpus.set(gpu.identity, gpu);
        present.add(gpu.identity);
      }
      for (const [identity, gpu] of gpus) {
        if (present.has(identity)) continue;
        gpus.delete(identity);
        lost.set(identity, { gpu, lostAtMs: atMs });
        isChanged = true;
      }
      // One that was divided by MIG, or put together again, is there under other identities.
      for (const [identity, { gpu }] of lost) if (uuids.has(gpu.uuid)) lost.delete(identity);
      dropOldest(lost, MAX_REMEMBERED);
      dropOldest(tallies, Math.max(MAX_REMEMBERED, 2 * gpus.size));
      return isChanged;
    },
    forget() {
      gpus.clear();
      lost.clear();
    },
  };
}

function toGpu({ xids, ...facts }: GpuReading, tally: XidTally, seenAtMs: number): Gpu {
  const xidEvents = tallyXids(tally, xids);
  return {
    ...facts,
    identity: gpuIdentity(facts),
    ...(tally.last !== undefined && { lastXid: tally.last }),
    ...(xidEvents !== undefined && { xidEvents }),
    seenAtMs,
  };
}

function utilizationSeen(
  { utilizationRatio }: GpuReading,
  atMs: number,
  before: Gpu | undefined,
): Pick<Gpu, 'utilizationAtMs'> {
  const seenAtMs = utilizationRatio === undefined ? before?.utilizationAtMs : atMs;
  return seenAtMs === undefined ? {} : { utilizationAtMs: seenAtMs };
}

function isSameDevice(before: Gpu | undefined, { index, device }: Gpu): boolean {
  return before !== undefined && before.index === index && before.device === device;
}

function dropOldest(map: Map<string, unknown>, max: number): void {
  for (const key of map.keys()) {
    if (map.size <= max) return;
    map.delete(key);
  }
}
