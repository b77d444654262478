/** Looks up what stands around each worker: its queue, the GPUs it may use, and with how many it shares them. */

import type { Gpu } from '../fleet/gpu-model.js';
import type { Container, Fleet } from '../fleet/model.js';
import type { Worker } from '../fleet/progress-model.js';
import type { Queue } from '../fleet/queue-model.js';
import type { GpuUse, Surroundings } from './activity.js';
import type { Freshness } from './freshness.js';

export interface SurroundingsIndex {
  around(worker: Worker): Surroundings;
  /** Of the stage; undefined where the broker is not fresh. */
  queueOf(stage: string | undefined): Queue | undefined;
  /** Names of running containers of workers that may use the GPU, by its identity. */
  readonly containersByGpu: ReadonlyMap<string, readonly string[]>;
}

export interface SurroundingsOptions {
  readonly fleet: Fleet;
  readonly freshness: Pick<Freshness, 'isFresh' | 'isWatched' | 'lookedAtMs'>;
}

/** An exporter that has not said how busy a GPU is for so long has stopped saying it. */
const UTILIZATION_MISSED_MS = 10 * 60_000;
/** A GPU that is missing from the answers for longer is at fault, and no exporter blinks for so long. */
const LOST_BLINK_MS = 30_000;

export function createSurroundings({ fleet, freshness }: SurroundingsOptions): SurroundingsIndex {
  const isBrokerFresh = freshness.isFresh('rabbitmq');
  const isDcgmFresh = freshness.isFresh('dcgm');
  const isBrokerStale = freshness.isWatched('rabbitmq') && !isBrokerFresh;
  const isDcgmStale = freshness.isWatched('dcgm') && !isDcgmFresh;
  const queues = new Map<string, Queue>();
  if (isBrokerFresh) {
    for (const queue of fleet.queues.values()) if (queue.stage !== undefined) queues.set(queue.stage, queue);
  }
  const running = runningNames(fleet);
  const containersByGpu = new Map<string, string[]>();
  const gpusByContainer = new Map<string, { readonly identity: string; readonly index: string }[]>();
  for (const { identity, index, container } of fleet.gpuLinks) {
    if (!running.has(container)) continue;
    push(containersByGpu, identity, container);
    push(gpusByContainer, container, { identity, index });
  }
  let workersByStage: ReadonlyMap<string, number> | undefined;
  // Asked for only where a worker is silent.
  const countOf = (stage: string): number | undefined => {
    workersByStage ??= countWorkers(fleet);
    return workersByStage.get(stage);
  };

  function describeUse({ identity, index }: { readonly identity: string; readonly index: string }): GpuUse {
    const gpu = isDcgmFresh ? fleet.gpus.get(identity) : undefined;
    const ratio = gpu?.utilizationRatio;
    return {
      index,
      containers: containersByGpu.get(identity)?.length ?? 1,
      ...(ratio !== undefined && { utilizationRatio: ratio }),
      ...(gpu && isMissed(gpu) && { isMissed: true as const }),
    };
  }

  /** Only what it shares with nobody could have shown that it moves. */
  function isBlindAround(isOnlyWorker: boolean, gpus: readonly GpuUse[]): boolean {
    return (
      (isBrokerStale && isOnlyWorker) ||
      gpus.some(({ containers, isMissed }) => containers === 1 && (isDcgmStale || isMissed))
    );
  }

  /** Its GPU is missing from the last answers, which may be a blink of the exporter. */
  function hasLostGpu(identity: string | undefined): boolean {
    if (fleet.lostGpus.size === 0 || identity === undefined) return false;
    const name = fleet.containers.get(identity)?.gpu;
    const lookedAtMs = freshness.lookedAtMs('dcgm');
    if (name === undefined || lookedAtMs === undefined) return false;
    return [...fleet.lostGpus.values()].some(
      ({ gpu, lostAtMs }) =>
        (gpu.index === name || gpu.uuid === name) && lookedAtMs - lostAtMs < LOST_BLINK_MS,
    );
  }

  return {
    containersByGpu,
    queueOf: (stage) => (stage === undefined ? undefined : queues.get(stage)),
    around({ identity, container, stage }) {
      const isOnlyWorker = stage !== undefined && countOf(stage) === 1;
      const gpus = (gpusByContainer.get(container) ?? []).map(describeUse);
      return {
        identity,
        container,
        queue: stage === undefined ? undefined : queues.get(stage),
        isOnlyWorker,
        gpus,
        isBlind: isBlindAround(isOnlyWorker, gpus) || hasLostGpu(identity),
      };
    },
  };
}

/** Its last answer lacks how busy it is, which those before it said. */
function isMissed({ utilizationRatio, utilizationAtMs, seenAtMs }: Gpu): boolean {
  if (utilizationRatio !== undefined || utilizationAtMs === undefined) return false;
  return seenAtMs - utilizationAtMs < UTILIZATION_MISSED_MS;
}

/** Without GPUs nobody asks who runs. */
function runningNames({ containers, gpuLinks }: Fleet): ReadonlySet<string> {
  const names = new Set<string>();
  if (gpuLinks.length === 0) return names;
  for (const container of containers.values()) if (isRunning(container)) names.add(container.name);
  return names;
}

/** Those that may be at work, by stage. */
function countWorkers({ workers, containers }: Fleet): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const { stage, identity } of workers.values()) {
    const container = identity === undefined ? undefined : containers.get(identity);
    if (stage === undefined || (container && !isRunning(container))) continue;
    counts.set(stage, (counts.get(stage) ?? 0) + 1);
  }
  return counts;
}

function isRunning({ state }: Container): boolean {
  return state === 'running';
}

function push<T>(map: Map<string, T[]>, key: string, entry: T): void {
  const list = map.get(key);
  if (list) list.push(entry);
  else map.set(key, [entry]);
}
