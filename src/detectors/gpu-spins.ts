/**
 * Follows for how long each GPU has been fully used at the power that it draws when idle: a kernel spins on it, or hangs,
 * and computes nothing. What idle is, is learned from GPUs of the same model while they do nothing.
 */

import type { Gpu } from '../fleet/gpu-model.js';
import { createConditionClock, type HeldCondition } from './condition-clock.js';
import type { HistoryMoment } from './history-moment.js';

export interface GpuSpins {
  /** By identity of the GPU. */
  readonly held: ReadonlyMap<string, HeldCondition>;
  /** Power of an idle GPU of the model, in watts; undefined: too few were seen. */
  idleWatts(gpu: Gpu): number | undefined;
  note(moment: Pick<HistoryMoment, 'fleet' | 'nowMs' | 'freshness'>): void;
}

const IDLE_RATIO = 0.01;
const BUSY_RATIO = 0.9;
/** A kernel that computes draws several times as much. */
const NEAR_IDLE = 1.25;
/** Of one GPU; a model that was just unloaded still draws more for a while. */
const SPACING_MS = 60_000;
const MIN_SAMPLES = 5;
const MAX_SAMPLES = 60;

export function createGpuSpins(): GpuSpins {
  const clock = createConditionClock();
  /** By model: power while idle, the newest last. */
  const idle = new Map<string, number[]>();
  /** By GPU: when a sample of it was last taken. */
  const sampledAtMs = new Map<string, number>();

  function idleWatts({ model = '' }: Gpu): number | undefined {
    const samples = idle.get(model) ?? [];
    return samples.length < MIN_SAMPLES ? undefined : samples.toSorted((a, b) => a - b)[samples.length >> 1];
  }

  function learn({ identity, model = '', powerWatts, seenAtMs }: Gpu): void {
    if (powerWatts === undefined || seenAtMs - (sampledAtMs.get(identity) ?? 0) < SPACING_MS) return;
    sampledAtMs.set(identity, seenAtMs);
    idle.set(model, [...(idle.get(model) ?? []), powerWatts].slice(-MAX_SAMPLES));
  }

  function isSpinning(gpu: Gpu): boolean | undefined {
    const { utilizationRatio, powerWatts } = gpu;
    const idlePower = idleWatts(gpu);
    if (utilizationRatio === undefined || powerWatts === undefined || idlePower === undefined)
      return undefined;
    return utilizationRatio >= BUSY_RATIO && powerWatts <= idlePower * NEAR_IDLE;
  }

  return {
    held: clock.held,
    idleWatts,
    note({ fleet, nowMs, freshness }) {
      const isFresh = freshness.isFresh('dcgm');
      for (const gpu of fleet.gpus.values()) {
        // Power is that of the whole GPU, whichever of its instances works.
        if (gpu.mig) continue;
        if (isFresh && gpu.utilizationRatio !== undefined && gpu.utilizationRatio <= IDLE_RATIO) learn(gpu);
        clock.note(gpu.identity, isFresh ? isSpinning(gpu) : undefined, nowMs);
      }
      clock.forgetUnless((identity) => fleet.gpus.has(identity));
      for (const identity of sampledAtMs.keys()) if (!fleet.gpus.has(identity)) sampledAtMs.delete(identity);
    },
  };
}
