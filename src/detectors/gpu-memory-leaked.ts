/** GpuMemoryLeaked: a GPU's memory in use only rose for `gpu_leak_window`, or is in use although nobody uses the GPU. */

import type { Gpu } from '../fleet/gpu-model.js';
import { formatDuration } from '../lib/duration.js';
import type { Detection } from './finding.js';
import type { MemorySample } from './gpu-history.js';
import type { Detector, Scene } from './scene.js';

/** Models come and go; what never falls and rises by this share of the whole is no model. */
const MIN_RISE = 0.05;
/** A sample may lie this much below the one before: allocators give back a little. */
const DIP = 0.002;
const ORPHANED_MS = 5 * 60_000;
const CLEAR_AFTER_MS = 2 * 60_000;
const GIB = 1024 ** 3;

export const gpuMemoryLeaked: Detector = {
  kind: 'GpuMemoryLeaked',
  steadiness: () => ({ openAfterMs: 0, clearAfterMs: CLEAR_AFTER_MS }),
  detect(scene) {
    if (!scene.isFresh('dcgm')) return { found: [], unsure: 'all' };
    const found = [...scene.fleet.gpus.values()].flatMap(
      (gpu) => describeOrphaned(gpu, scene) ?? describeRise(gpu, scene) ?? [],
    );
    return { found, unsure: [] };
  },
};

function describeOrphaned(gpu: Gpu, { histories, nowMs, isFresh }: Scene): Detection | undefined {
  const sinceMs = histories.gpus.orphanedSinceMs.get(gpu.identity);
  if (sinceMs === undefined || nowMs - sinceMs < ORPHANED_MS || !isFresh('docker')) return undefined;
  const used = ((gpu.memory.usedBytes ?? 0) / GIB).toFixed(1);
  return {
    ...base(gpu),
    summary: `GPU ${gpu.index}: ${used} GiB in use although no container uses it`,
    evidence: [
      `no running container may use GPU ${gpu.index} for ${formatDuration(nowMs - sinceMs)}`,
      'a process that was killed may have left it behind: nvidia-smi shows who holds it',
    ],
    clearsWhen: 'The memory is free, or a container uses the GPU.',
    beganAtMs: sinceMs,
  };
}

function describeRise(gpu: Gpu, { histories, settings, nowMs }: Scene): Detection | undefined {
  const { totalBytes, usedBytes } = gpu.memory;
  const windowMs = settings.detection.gpu_leak_window;
  const samples = histories.gpus.memory.get(gpu.identity) ?? [];
  const start = samples.findLastIndex(({ atMs }) => atMs <= nowMs - windowMs);
  const first = samples[start];
  if (!first || totalBytes === undefined || usedBytes === undefined) return undefined;
  const rise = usedBytes - first.usedBytes;
  if (rise < MIN_RISE * totalBytes || hasFallen(samples.slice(start), DIP * totalBytes)) return undefined;
  const hours = (nowMs - first.atMs) / 3_600_000;
  const leftMs = ((totalBytes - usedBytes) / (rise / hours)) * 3_600_000;
  return {
    ...base(gpu),
    summary: `GPU ${gpu.index}: memory in use only rises, +${(rise / GIB).toFixed(1)} GiB in ${formatDuration(nowMs - first.atMs)}`,
    evidence: [
      `from ${(first.usedBytes / GIB).toFixed(1)} to ${(usedBytes / GIB).toFixed(1)} GiB, never falling, with the same containers`,
      `at this rate it is full in ${formatDuration(leftMs)}`,
    ],
    clearsWhen: 'It falls, or the containers on the GPU change.',
    beganAtMs: first.atMs,
  };
}

/** A quick rise alone is models being loaded; it must go on to the end. */
function hasFallen(samples: readonly MemorySample[], dip: number): boolean {
  const half = samples[Math.floor(samples.length / 2)];
  const last = samples.at(-1);
  const first = samples[0];
  if (!half || !last || !first) return true;
  const isUneven = last.usedBytes - half.usedBytes < (last.usedBytes - first.usedBytes) / 4;
  return (
    isUneven || samples.some(({ usedBytes }, index) => usedBytes < (samples[index - 1]?.usedBytes ?? 0) - dip)
  );
}

function base({ identity, index, uuid }: Gpu): Pick<Detection, 'kind' | 'key' | 'subject'> {
  return { kind: 'GpuMemoryLeaked', key: identity, subject: { gpu: index, uuid } };
}
