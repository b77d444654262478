/** The GPUs as JSON for /api/v1/fleet, each with the containers that may use it, and what they hold of its memory. */

import type { Gpu, GpuLink } from '../fleet/gpu-model.js';
import type { GpuHolding, GpuOrphans, OrphanProcess } from '../fleet/gpu-process-model.js';
import type { Fleet } from '../fleet/model.js';
import { toIso } from './iso-time.js';

/** Lost GPUs come last, as they were when they were last seen. */
export function renderGpus({ gpus, lostGpus, gpuLinks, gpuHoldings, gpuOrphans }: Fleet) {
  const linksOf = new Map<string, GpuLink[]>();
  for (const link of gpuLinks) {
    const links = linksOf.get(link.identity);
    if (links) links.push(link);
    else linksOf.set(link.identity, [link]);
  }
  return [
    ...[...gpus.values()].map((gpu) => ({
      ...renderGpu(gpu, linksOf.get(gpu.identity) ?? []),
      ...renderHolders(gpu, gpuHoldings, gpuOrphans),
    })),
    ...[...lostGpus.values()].map(({ gpu, lostAtMs }) => ({
      ...renderGpu(gpu, [], lostAtMs),
      ...renderHolders(gpu, [], []),
    })),
  ];
}

/** Null: nothing tells. Of a GPU that is divided by MIG the whole is told, its instances are not. */
function renderHolders({ uuid, mig }: Gpu, holdings: readonly GpuHolding[], orphans: readonly GpuOrphans[]) {
  const own = mig ? [] : holdings.filter((one) => one.uuid === uuid);
  const left = mig ? undefined : orphans.find((one) => one.uuid === uuid);
  return {
    memoryByContainer:
      own.length === 0
        ? null
        : Object.fromEntries(own.map(({ container, usedBytes }) => [container, usedBytes])),
    orphans: left?.processes.map(renderOrphan) ?? null,
  };
}

function renderOrphan({ pid, program, usedBytes, startedAtMs, endedContainer, hasEnded }: OrphanProcess) {
  return {
    pid,
    program: program ?? null,
    usedBytes: usedBytes ?? null,
    startedAt: toIso(startedAtMs),
    endedContainer: endedContainer ?? null,
    ended: hasEnded === true,
  };
}

function renderGpu(gpu: Gpu, links: readonly GpuLink[], lostAtMs?: number) {
  const { memory, mig } = gpu;
  return {
    gpu: gpu.identity,
    uuid: gpu.uuid,
    index: gpu.index === '' ? null : gpu.index,
    mig: mig ? { id: mig.id, profile: mig.profile ?? null } : null,
    model: gpu.model ?? null,
    host: gpu.host ?? null,
    memory: {
      usedBytes: memory.usedBytes ?? null,
      freeBytes: memory.freeBytes ?? null,
      reservedBytes: memory.reservedBytes ?? null,
      totalBytes: memory.totalBytes ?? null,
    },
    utilization: gpu.utilizationRatio ?? null,
    temperature: gpu.temperatureCelsius ?? null,
    power: gpu.powerWatts ?? null,
    lastXid: gpu.lastXid ?? null,
    xids: Object.fromEntries([...(gpu.xidEvents ?? [])].filter(([, count]) => count > 0)),
    containers: links.map(({ container }) => container),
    present: lostAtMs === undefined,
    seenAt: toIso(gpu.seenAtMs),
    lostAt: toIso(lostAtMs),
  };
}
