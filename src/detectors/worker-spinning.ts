/**
 * WorkerSpinning: a worker has a job and no progress beyond its stage's limit, and seems busy, but a GPU that it may use has
 * been fully used at idle power for 2 minutes: it waits on the GPU for something that does not come.
 */

import type { Gpu } from '../fleet/gpu-model.js';
import { formatDuration } from '../lib/duration.js';
import type { Detection } from './finding.js';
import type { Detector, Scene } from './scene.js';
import type { WorkerVerdict } from './verdicts.js';
import { workerSubject } from './worker-findings.js';

const SPIN_MS = 2 * 60_000;
const CLEAR_AFTER_MS = 60_000;

export const workerSpinning: Detector = {
  kind: 'WorkerSpinning',
  steadiness: () => ({ openAfterMs: 0, clearAfterMs: CLEAR_AFTER_MS }),
  detect(scene) {
    if (!scene.isFresh('dcgm')) return { found: [], unsure: 'all' };
    const found: Detection[] = [];
    const unsure: string[] = [];
    const stuck: string[] = [];
    for (const [key, verdict] of scene.notable) {
      if (verdict.status === 'unknown') unsure.push(key);
      if (verdict.status === 'stuck') stuck.push(key);
      const gpu = isFrozen(verdict, scene) ? spinningGpuOf(verdict, scene) : undefined;
      if (gpu) found.push(describe({ key, verdict, gpu, scene }));
    }
    // Stuck says more, and is acted on.
    return { found, unsure, replaced: stuck };
  },
};

/** Slow because of a silence, not because its job is long. */
function isFrozen({ status, silentMs, standing }: WorkerVerdict, { limits }: Scene): boolean {
  const stallMs = limits.get(standing.stage ?? '')?.stallMs;
  return status === 'slow' && silentMs !== undefined && stallMs !== undefined && silentMs > stallMs;
}

function spinningGpuOf({ standing }: WorkerVerdict, { fleet, histories }: Scene): Gpu | undefined {
  for (const { container, identity } of fleet.gpuLinks) {
    const held = container === standing.container ? histories.gpuSpins.held.get(identity) : undefined;
    if (held && !held.isResting && held.heldMs >= SPIN_MS) return fleet.gpus.get(identity);
  }
  return undefined;
}

interface Spin {
  readonly key: string;
  readonly verdict: WorkerVerdict;
  readonly gpu: Gpu;
  readonly scene: Scene;
}

function describe({ key, verdict, gpu, scene }: Spin): Detection {
  const { utilizationRatio = 0, powerWatts = 0, index, identity } = gpu;
  const { held, idleWatts } = scene.histories.gpuSpins;
  const { heldMs = 0, beganAtMs = scene.nowMs } = held.get(identity) ?? {};
  const silent = formatDuration(verdict.silentMs ?? 0);
  const power = `${Math.round(powerWatts)} W`;
  return {
    kind: 'WorkerSpinning',
    key,
    subject: workerSubject(key, verdict, scene),
    summary: `${silent} without progress, and GPU ${index} is ${Math.round(utilizationRatio * 100)} % used at idle power`,
    evidence: [
      `GPU ${index} draws ${power} for ${formatDuration(heldMs)}; idle ones of its model ${Math.round(idleWatts(gpu) ?? 0)} W`,
      ...verdict.evidence,
    ],
    clearsWhen: 'Its progress moves, its job ends, or the GPU draws power for what it does.',
    beganAtMs,
  };
}
