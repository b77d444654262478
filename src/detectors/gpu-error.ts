/** GpuError: a GPU left the exporter's answer, or reported an XID error that its programs do not survive. */

import type { Gpu } from '../fleet/gpu-model.js';
import { counted, times } from '../lib/counted.js';
import { formatDuration } from '../lib/duration.js';
import type { Detection } from './finding.js';
import type { Detector, Scene } from './scene.js';

const OPEN_LOST_MS = 15_000;
const XID_TOLD_MS = 15 * 60_000;
/**
 * Errors after which the GPU, or what runs on it, does not go on.
 * https://docs.nvidia.com/deploy/xid-errors/
 */
const FATAL: Readonly<Record<string, string>> = {
  48: 'double-bit ECC error',
  64: 'row remapping failed',
  74: 'NVLink error',
  79: 'GPU has fallen off the bus',
  95: 'uncontained ECC error',
  119: 'GSP timeout',
  120: 'GSP error',
  140: 'unrecovered ECC error',
  143: 'GPU initialisation failed',
};

export const gpuError: Detector = {
  kind: 'GpuError',
  steadiness: () => ({ openAfterMs: 0, clearAfterMs: 30_000 }),
  detect(scene) {
    if (!scene.isFresh('dcgm')) return { found: [], unsure: 'all' };
    const lost = [...scene.fleet.lostGpus.values()].flatMap(({ gpu, lostAtMs }) =>
      scene.nowMs - lostAtMs < OPEN_LOST_MS ? [] : describeLost(gpu, lostAtMs, scene),
    );
    const isLost = new Set(lost.map(({ key }) => key));
    const failed = [...scene.fleet.gpus.values()].flatMap((gpu) =>
      isLost.has(gpu.identity) ? [] : (describeXid(gpu, scene) ?? []),
    );
    return { found: [...lost, ...failed], unsure: [] };
  },
};

function describeLost(gpu: Gpu, lostAtMs: number, scene: Scene): Detection {
  return {
    ...base(gpu),
    summary: `GPU ${gpu.index} is gone for ${formatDuration(scene.nowMs - lostAtMs)}`,
    evidence: [
      `the exporter no longer tells of ${gpu.uuid}, though it tells of others`,
      ...fatalOf(gpu, scene).map(({ xid }) => `it reported XID ${xid}: ${FATAL[xid]}`),
      ...tenants(gpu, scene),
      ...hanging(scene),
    ],
    clearsWhen: 'The exporter tells of it again. A GPU that fell off the bus needs a reset or a reboot.',
    beganAtMs: lostAtMs,
  };
}

function describeXid(gpu: Gpu, scene: Scene): Detection | undefined {
  const incidents = fatalOf(gpu, scene);
  const first = incidents[0];
  if (!first) return undefined;
  const { xid, atMs } = first;
  return {
    ...base(gpu),
    summary: `GPU ${gpu.index} reported XID ${xid}: ${FATAL[xid]}`,
    evidence: [
      ...incidents.map(
        (one) =>
          `XID ${one.xid} (${FATAL[one.xid]}), ${times(one.count)}, ${formatDuration(scene.nowMs - one.atMs)} ago`,
      ),
      ...tenants(gpu, scene),
      ...hanging(scene),
    ],
    clearsWhen: `No such error is newer than ${formatDuration(XID_TOLD_MS)}, or the GPU is back from a reset.`,
    beganAtMs: atMs,
  };
}

function base({ identity, index, uuid }: Gpu): Pick<Detection, 'kind' | 'key' | 'subject'> {
  return { kind: 'GpuError', key: identity, subject: { gpu: index, uuid } };
}

function fatalOf({ identity }: Gpu, { histories, nowMs }: Scene) {
  return (histories.gpus.xids.get(identity) ?? []).filter(
    ({ xid, atMs }) => FATAL[xid] !== undefined && nowMs - atMs <= XID_TOLD_MS,
  );
}

/** `nvidia-smi` hangs or fails as well, which an exporter that repeats its last figures does not show. */
function hanging({ fleet }: Scene): readonly string[] {
  const { isUp, problem } = fleet.sources.get('gpu_processes') ?? {};
  return isUp === false && problem !== undefined ? [problem] : [];
}

function tenants({ index, uuid }: Gpu, { fleet }: Scene): readonly string[] {
  let count = 0;
  for (const { gpu, state } of fleet.containers.values()) {
    if (gpu !== undefined && (gpu === index || gpu === uuid) && state === 'running') count++;
  }
  return count === 0 ? [] : [`used by ${counted(count, 'running container')}`];
}
