/** Families of the GPU memory that containers hold, and of what is held by none. */

import type { GpuHolding, GpuOrphans } from '../fleet/gpu-process-model.js';
import { renderLabels } from './exposition.js';
import type { FamilyGroup } from './family.js';

export const gpuHoldingFamilies: FamilyGroup<GpuHolding> = {
  source: 'gpu_processes',
  entities: ({ gpuHoldings }) => gpuHoldings,
  labelsOf: ({ container, stage, gpu, uuid }) => renderLabels({ container, stage, gpu, uuid }),
  families: [
    {
      name: 'pipeline_container_gpu_memory_bytes',
      type: 'gauge',
      help: 'Memory of a GPU that the processes of a container hold, in bytes.',
      labels: ['container', 'stage', 'gpu', 'uuid'],
      write({ usedBytes }, series) {
        series(usedBytes);
      },
    },
  ],
};

export const gpuOrphanFamilies: FamilyGroup<GpuOrphans> = {
  source: 'gpu_processes',
  entities: ({ gpuOrphans }) => gpuOrphans,
  labelsOf: ({ gpu, uuid }) => renderLabels({ gpu, uuid }),
  families: [
    {
      name: 'pipeline_gpu_orphan_memory_bytes',
      type: 'gauge',
      help: 'Memory of a GPU that processes hold which belong to no container, or to one that ended, in bytes.',
      labels: ['gpu', 'uuid'],
      write({ usedBytes }, series) {
        if (usedBytes !== undefined) series(usedBytes);
      },
    },
  ],
};
