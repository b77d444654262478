/** What a source can say of GPUs. */

import type { GpuFacts } from './gpu-model.js';

/** XID errors as the exporter tells them; absent is what it does not tell. All by the XID's number. */
export interface XidReading {
  /** The last error, 0 for none; says nothing of how often. */
  readonly last?: number;
  /** Since the exporter's start. */
  readonly totals: ReadonlyMap<string, number>;
  /** Within a window that slides. */
  readonly recent: ReadonlyMap<string, number>;
}

export interface GpuReading extends GpuFacts {
  readonly xids: XidReading;
}

/** Every GPU and MIG instance there was; what was seen before and is missing is lost. */
export interface GpusRead {
  readonly kind: 'gpus-read';
  readonly atMs: number;
  readonly gpus: readonly GpuReading[];
}
