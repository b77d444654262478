/**
 * GpuMemoryLeaked: a GPU's memory in use only rose for `gpu_leak_window`, is in use although no container uses the GPU, or is
 * held by processes of no container.
 */

import type { Gpu } from '../fleet/gpu-model.js';
import { formatDuration } from '../lib/duration.js';
import type { Detection } from './finding.js';
import type { MemorySample } from './gpu-history.js';
import { describeHolders, detectStrays } from './gpu-memory-strayed.js';
import type { Detector, Scene } from './scene.js';

/** Models come and go; what never falls and rises by this share of the whole is no model. */
const MIN_RISE = 0.05;
/** A peak may lie this much below the one before: allocators give back a little. */
const DIP = 0.002;
const PARTS = 6;
/** So many of the parts must each add this share of the whole rise: a jump or two are a larger job, or a second model. */
const MIN_STEPS = 4;
const MIN_STEP = 0.08;
const ORPHANED_MS = 5 * 60_000;
const CLEAR_AFTER_MS = 2 * 60_000;
const GIB = 1024 ** 3;

export const gpuMemoryLeaked: Detector = {
  kind: 'GpuMemoryLeaked',
  steadiness: () => ({ openAfterMs: 0, clearAfterMs: CLEAR_AFTER_MS }),
  detect(scene) {
    const strays = detectStrays(scene);
    if (!scene.isWatched('dcgm')) return strays;
    // Who uses a GPU, and whether it is still the same, only the engine tells.
    const isBlind = !scene.isFresh('dcgm') || (scene.isWatched('docker') && !scene.isFresh('docker'));
    if (isBlind) return { found: strays.found, unsure: 'all' };
    const found: Detection[] = [...strays.found];
    const unsure: string[] = [];
    const isNamed = new Set(found.map(({ key }) => key));
    for (const gpu of scene.fleet.gpus.values()) {
      if (isNamed.has(gpu.identity)) continue;
      const leak = describeOrphaned(gpu, scene) ?? describeRise(gpu, scene);
      if (leak) found.push(leak);
      else if (!isWatchedForLong(gpu, scene) || isLeftUnseen(gpu, scene)) unsure.push(gpu.identity);
    }
    return { found, unsure: strays.unsure === 'all' ? 'all' : [...strays.unsure, ...unsure] };
  },
};

function isWatchedForLong({ identity }: Gpu, { histories, settings, nowMs }: Scene): boolean {
  const first = histories.gpus.memory.get(identity)?.[0];
  return first !== undefined && first.atMs <= nowMs - settings.detection.gpu_leak_window;
}

function isLeftUnseen({ identity }: Gpu, { histories }: Scene): boolean {
  return histories.gpus.orphaned.get(identity)?.isResting === true;
}

function describeOrphaned(gpu: Gpu, { histories }: Scene): Detection | undefined {
  const left = histories.gpus.orphaned.get(gpu.identity);
  if (left === undefined || left.isResting || left.heldMs < ORPHANED_MS) return undefined;
  const used = ((gpu.memory.usedBytes ?? 0) / GIB).toFixed(1);
  return {
    ...base(gpu),
    summary: `GPU ${gpu.index}: ${used} GiB in use although no container uses it any more`,
    evidence: [
      `no container of the pipeline uses GPU ${gpu.index} for ${formatDuration(left.heldMs)}`,
      'a process that was killed may have left it behind: nvidia-smi shows who holds it',
    ],
    clearsWhen: 'The memory is free, or a container uses the GPU.',
    beganAtMs: left.beganAtMs,
  };
}

function describeRise(gpu: Gpu, { fleet, histories, settings, nowMs }: Scene): Detection | undefined {
  const { totalBytes } = gpu.memory;
  const windowMs = settings.detection.gpu_leak_window;
  const samples = histories.gpus.memory.get(gpu.identity) ?? [];
  const start = samples.findLastIndex(({ atMs }) => atMs <= nowMs - windowMs);
  const first = samples[start];
  if (!first || totalBytes === undefined) return undefined;
  const peaks = peaksOf(samples.slice(start), nowMs);
  const [from = 0] = peaks;
  const to = peaks.at(-1) ?? 0;
  const usedBytes = gpu.memory.usedBytes ?? 0;
  if (to - from < MIN_RISE * totalBytes || !isSteadyRise(peaks, DIP * totalBytes)) return undefined;
  const hours = ((nowMs - first.atMs) * (PARTS - 1)) / PARTS / 3_600_000;
  const leftMs = (Math.max(0, totalBytes - usedBytes) / ((to - from) / hours)) * 3_600_000;
  return {
    ...base(gpu),
    summary: `GPU ${gpu.index}: memory in use only rises, +${inGib(to - from)} GiB in ${formatDuration(nowMs - first.atMs)}`,
    evidence: [
      `the most in use rose from part to part of that time: ${peaks.map((peak) => `+${inGib(peak - from)}`).join(', ')} GiB, without what newcomers load`,
      `at this rate it is full in ${formatDuration(leftMs)}`,
      ...describeHolders(gpu, fleet.gpuHoldings),
    ],
    clearsWhen: 'It falls, or rises no more.',
    beganAtMs: first.atMs,
  };
}

const inGib = (bytes: number): string => (bytes / GIB).toFixed(1);

/**
 * The most that was in use in each part of the time, less what newcomers have loaded: a container that restarts lets go
 * of its memory for a while, and takes as much again, which the peaks do not show. Parts without a sample are left out.
 */
function peaksOf(samples: readonly MemorySample[], nowMs: number): readonly number[] {
  const fromMs = samples[0]?.atMs ?? nowMs;
  const partMs = (nowMs - fromMs) / PARTS;
  const peaks = Array.from({ length: PARTS }, () => Number.NEGATIVE_INFINITY);
  for (const { atMs, usedBytes, loadedBytes } of samples) {
    const part = Math.min(PARTS - 1, Math.floor((atMs - fromMs) / partMs));
    peaks[part] = Math.max(peaks[part] ?? Number.NEGATIVE_INFINITY, usedBytes - loadedBytes);
  }
  return peaks.filter(Number.isFinite);
}

/** It never falls, and rises again and again, to the end: a quick rise at the beginning is models being loaded. */
function isSteadyRise(peaks: readonly number[], dip: number): boolean {
  const [first = 0] = peaks;
  const half = peaks[Math.floor(peaks.length / 2)] ?? 0;
  const last = peaks.at(-1) ?? 0;
  const steps = peaks.slice(1).map((peak, index) => peak - (peaks[index] ?? 0));
  const large = steps.filter((step) => step >= MIN_STEP * (last - first));
  return (
    large.length >= MIN_STEPS && last - half >= (last - first) / 4 && steps.every((step) => step >= -dip)
  );
}

function base({ identity, index, uuid }: Gpu): Pick<Detection, 'kind' | 'key' | 'subject'> {
  return { kind: 'GpuMemoryLeaked', key: identity, subject: { gpu: index, uuid } };
}
