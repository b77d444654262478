/** GpuMemoryHigh: more than `gpu_memory_high` of a GPU's memory has been in use for `gpu_memory_for`. */

import type { Gpu } from '../fleet/gpu-model.js';
import { counted } from '../lib/counted.js';
import { formatDuration } from '../lib/duration.js';
import { describeHolders } from './gpu-memory-strayed.js';
import type { Detector, OverWords } from './scene.js';

const CLEAR_AFTER_MS = 60_000;
const GIB = 1024 ** 3;

export const gpuMemoryHigh: Detector = {
  kind: 'GpuMemoryHigh',
  steadiness: () => ({ openAfterMs: 0, clearAfterMs: CLEAR_AFTER_MS }),
  detect({ fleet, histories, settings, isFresh }) {
    if (!isFresh('dcgm')) return { found: [], unsure: 'all' };
    const { gpu_memory_for, gpu_memory_high } = settings.detection;
    const { high } = histories.gpus;
    const found = [...high].flatMap(([key, { heldMs, beganAtMs, isResting }]) => {
      const gpu = fleet.gpus.get(key);
      const { usedBytes, totalBytes } = gpu?.memory ?? {};
      if (!gpu || usedBytes === undefined || totalBytes === undefined || isResting || heldMs < gpu_memory_for)
        return [];
      const percent = Math.round((usedBytes / totalBytes) * 100);
      const sizes = `${(usedBytes / GIB).toFixed(1)} of ${(totalBytes / GIB).toFixed(1)} GiB`;
      const linked = fleet.gpuLinks
        .filter(({ identity }) => identity === key)
        .map(({ container }) => container);
      return {
        kind: 'GpuMemoryHigh' as const,
        key,
        subject: { gpu: gpu.index, uuid: gpu.uuid },
        summary: `GPU ${gpu.index}: ${percent} % of its memory in use for ${formatDuration(heldMs)}`,
        evidence: [
          `${sizes}; limit ${Math.round(gpu_memory_high * 100)} %`,
          ...(linked.length > 0 ? [`${counted(linked.length, 'container')} may use it`] : []),
          ...describeHolders(gpu, fleet.gpuHoldings),
        ],
        clearsWhen: `Less than ${Math.round(gpu_memory_high * 100)} % is in use.`,
        beganAtMs,
      };
    });
    const unsure = [...high].flatMap(([key, { isResting }]) => (isResting ? key : []));
    return { found, unsure, describeOver: ({ key }) => describeOver(fleet.gpus.get(key)) };
  },
};

function describeOver(gpu: Gpu | undefined): OverWords {
  const { usedBytes, totalBytes } = gpu?.memory ?? {};
  const what = 'no longer so full';
  if (usedBytes === undefined || totalBytes === undefined) return { what };
  return { what, now: `${Math.round((usedBytes / totalBytes) * 100)} % in use` };
}
