/** Limits that panels draw: the defaults of the configuration, so that a line never says another thing than the daemon. */

import { configSchema } from '../../src/config/schema.js';

const { detection } = configSchema.parse({});
const MINUTE_MS = 60_000;

export const LIMITS = {
  /** A queue that rises so fast for the whole window is growing. */
  queueRisePerMinute: detection.queue_min_rise / (detection.queue_window / MINUTE_MS),
  gpuMemoryHigh: detection.gpu_memory_high,
  sourceDownSeconds: detection.source_down_after / 1000,
  staleSeconds: detection.stale_after / 1000,
} as const;
