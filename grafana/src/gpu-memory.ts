/** How full each GPU's memory is over time. */

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
