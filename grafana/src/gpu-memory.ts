/** How full each GPU's memory is over time, and who fills it. */

import type { Placeable } from './grid.js';
import { LIMITS } from './limits.js';
import { COLORS } from './look.js';
import { timeSeries } from './panels.js';
import { of, overTime } from './promql.js';
import { thresholds } from './thresholds.js';

export function gpuMemory(matchers = ''): Placeable {
  const used = of('pipeline_gpu_memory_used_bytes', matchers);
  const total = of('pipeline_gpu_memory_total_bytes', matchers);
  return timeSeries({
    title: 'GPU memory in use, by GPU',
    shows: 'Share of each GPU’s memory that processes use. The dashed line is where GpuMemoryHigh begins.',
    good: 'level: models are loaded once and stay.',
    otherwise:
      'a line that only climbs is a leak: the next job that needs memory fails. GPUs says who sits there.',
    unit: 'percentunit',
    max: 1,
    thresholds: thresholds(COLORS.good, { from: LIMITS.gpuMemoryHigh, color: COLORS.bad }),
    drawsThresholds: true,
    targets: [overTime({ expr: `${used}\n/ ${total}`, legend: 'GPU {{gpu}}' })],
  });
}

const FROM_SMI = 'Empty unless gpu_processes is configured: DCGM does not tell it.';

/** The sum over the GPUs that the matchers choose. */
export function gpuMemoryByStage(matchers = ''): Placeable {
  return timeSeries({
    title: 'GPU memory by stage',
    shows: `What the containers of each stage hold of the chosen GPUs. ${FROM_SMI}`,
    good: 'level: models are loaded once and stay.',
    otherwise:
      'a stage that climbs while it has no more workers than before leaks: its dashboard says on which GPU.',
    unit: 'bytes',
    style: 'area',
    targets: [
      overTime({
        expr: `label_replace(sum by (stage) (${of('pipeline_container_gpu_memory_bytes', matchers)}), "stage", "other containers", "stage", "")`,
        legend: '{{stage}}',
      }),
    ],
  });
}

export function gpuMemoryOutside(matchers = ''): Placeable {
  return timeSeries({
    title: 'GPU memory that no container holds, by GPU',
    shows: `What processes hold that belong to no container, or to one that ended. ${FROM_SMI}`,
    good: '0.',
    otherwise:
      'GpuMemoryLeaked names the processes: end them, or name those that belong there in gpu_processes.expected.',
    unit: 'bytes',
    thresholds: thresholds(COLORS.attention),
    targets: [overTime({ expr: of('pipeline_gpu_orphan_memory_bytes', matchers), legend: 'GPU {{gpu}}' })],
  });
}

/** Of one stage: the sum on each GPU, and its largest worker, which decides whether one more fits. */
export function gpuMemoryOfStage(matchers: string): Placeable {
  const held = of('pipeline_container_gpu_memory_bytes', matchers);
  return timeSeries({
    title: 'GPU memory of $stage',
    shows: `What the containers of the stage hold on each GPU, and what the largest of them holds. ${FROM_SMI}`,
    good: 'level, and alike on all GPUs.',
    otherwise:
      'the largest climbs and the others do not: that worker leaks. One GPU above the others: move a worker.',
    unit: 'bytes',
    targets: [
      overTime({ expr: `sum by (gpu) (${held})`, legend: 'GPU {{gpu}}' }),
      overTime({ expr: `max(sum by (instance, container) (${held}))`, legend: 'largest worker' }),
    ],
  });
}
