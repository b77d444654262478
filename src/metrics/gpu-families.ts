/** Families of the GPUs, and of which containers may use them. */

import type { Gpu, GpuLink } from '../fleet/gpu-model.js';
import { renderLabels } from './exposition.js';
import type { Family, FamilyGroup } from './family.js';

/** `mig` is the GPU instance; whole GPUs are without it. */
const LABELS = ['gpu', 'uuid', 'mig'];

function gauge(name: string, help: string, measure: (gpu: Gpu) => number | undefined): Family<Gpu> {
  return {
    name,
    type: 'gauge',
    help,
    labels: LABELS,
    write(gpu, series) {
      const value = measure(gpu);
      if (value !== undefined) series(value);
    },
  };
}

const families: readonly Family<Gpu>[] = [
  {
    name: 'pipeline_gpu_info',
    type: 'gauge',
    help: 'What a GPU, or a MIG instance of one, is; always 1.',
    labels: [...LABELS, 'model', 'mig_profile'],
    write({ model, mig }, series) {
      series(1, renderLabels({ model, mig_profile: mig?.profile }));
    },
  },
  gauge(
    'pipeline_gpu_memory_used_bytes',
    'Memory of a GPU that processes use, in bytes.',
    ({ memory }) => memory.usedBytes,
  ),
  gauge(
    'pipeline_gpu_memory_free_bytes',
    'Memory of a GPU that is free, in bytes.',
    ({ memory }) => memory.freeBytes,
  ),
  gauge(
    'pipeline_gpu_memory_reserved_bytes',
    'Memory of a GPU that driver and firmware keep for themselves, in bytes.',
    ({ memory }) => memory.reservedBytes,
  ),
  gauge(
    'pipeline_gpu_memory_total_bytes',
    'All memory of a GPU, in bytes: as reported, else used, free and reserved together.',
    ({ memory }) => memory.totalBytes,
  ),
  gauge(
    'pipeline_gpu_utilization_ratio',
    'Share of time in which a GPU worked, from 0 to 1.',
    ({ utilizationRatio }) => utilizationRatio,
  ),
  gauge(
    'pipeline_gpu_temperature_celsius',
    'Temperature of a GPU, in degrees Celsius.',
    ({ temperatureCelsius }) => temperatureCelsius,
  ),
  gauge('pipeline_gpu_power_watts', 'Power that a GPU draws, in watts.', ({ powerWatts }) => powerWatts),
  {
    name: 'pipeline_gpu_xid_events_total',
    type: 'counter',
    help: 'XID errors of a GPU that came while the daemon watched, by number of the error.',
    labels: [...LABELS, 'xid'],
    write({ xidEvents }, series) {
      for (const [xid, count] of xidEvents ?? []) series(count, renderLabels({ xid }));
    },
  },
];

export const gpuFamilies: FamilyGroup<Gpu> = {
  source: 'dcgm',
  entities: ({ gpus }) => gpus.values(),
  labelsOf: ({ index, uuid, mig }) => renderLabels({ gpu: index, uuid, mig: mig?.id }),
  families,
};

export const gpuContainerFamilies: FamilyGroup<GpuLink> = {
  source: 'dcgm',
  entities: ({ gpuLinks }) => gpuLinks,
  labelsOf: ({ index, uuid, migId, container, stage }) =>
    renderLabels({ gpu: index, uuid, mig: migId, container, stage }),
  families: [
    {
      name: 'pipeline_gpu_container_info',
      type: 'gauge',
      help: 'Which containers may use which GPU; always 1.',
      labels: [...LABELS, 'container', 'stage'],
      write(_link, series) {
        series(1);
      },
    },
  ],
};
