/** Puts the simulated world into the words of observations; pure. */

import type { GpuReading, GpusRead } from '../fleet/gpu-observations.js';
import type { GpuProcess, GpuProcessesRead } from '../fleet/gpu-process-model.js';
import type { ContainerFacts, ListedContainer } from '../fleet/observations.js';
import type { ChangedProgressFile } from '../fleet/progress-observations.js';
import type { BrokerRead, QueueReading } from '../fleet/queue-observations.js';
import {
  type ProgressFile,
  pidOf,
  type SimContainer,
  type SimGpu,
  type SimWorker,
  strayPidOf,
  type World,
} from './world.js';

const GIB = 1024 ** 3;
const MEMORY_GIB = 180;
const RESERVED_GIB = 2;
const CONSUMER_TIMEOUT_MS = 2 * 3_600_000;

export function listContainer({ id, name, service, createdAtMs, state }: SimContainer): ListedContainer {
  const labels = {
    'com.docker.compose.project': 'pipeline',
    'com.docker.compose.service': service,
    'com.docker.compose.container-number': '1',
  };
  // Replicas of a service are told apart by their name here, as `container_name` does.
  const isReplica = service !== name;
  return {
    id,
    name,
    image: `${service.replace(/-gpu\d+$/, '')}:1`,
    labels: isReplica ? {} : labels,
    createdAtMs,
    state,
  };
}

export function describeContainer(container: SimContainer): ContainerFacts {
  const { restartCount, hasRestartPolicy, startedAtMs, finishedAtMs, exitCode, isOomKilled } = container;
  return {
    ...listContainer(container),
    restartCount,
    hasRestartPolicy,
    startedAtMs,
    ...(finishedAtMs !== undefined && { finishedAtMs }),
    exitCode,
    isOomKilled,
  };
}

export function readFile(name: string, { report, mtimeMs }: ProgressFile): ChangedProgressFile {
  return { name, mtimeMs, reading: { kind: 'report', report } };
}

export function readBroker(world: World, atMs: number): BrokerRead {
  const consumers = new Map<string, number>();
  for (const { stage, hasConsumer } of world.workers.values()) {
    if (hasConsumer) consumers.set(stage.id, (consumers.get(stage.id) ?? 0) + 1);
  }
  const queues: QueueReading[] = [...world.queues.values()].map((queue) => ({
    name: queue.name,
    status: 'present',
    type: 'classic',
    ready: queue.ready.length,
    unacked: queue.unacked,
    consumers: consumers.get(queue.stage.id) ?? 0,
    published: queue.published,
    acked: queue.acked,
    redelivered: queue.redelivered,
    // All its consumers ack after their work.
    deliveredForAck: queue.acked + queue.redelivered,
  }));
  const byDesign: QueueReading[] = world.byDesignQueues.map(({ name, type, ready, published }) => ({
    name,
    status: 'present',
    type,
    ready,
    unacked: 0,
    consumers: 0,
    published,
    acked: 0,
    redelivered: 0,
  }));
  return {
    kind: 'broker-read',
    atMs,
    vhost: '/',
    readings: [
      { via: 'metrics', atMs, isComplete: true, queues: [...queues, ...byDesign], version: '3.12.0' },
    ],
    ways: [],
    consumerTimeoutMs: CONSUMER_TIMEOUT_MS,
    leftOutCount: 0,
  };
}

export function readGpus(world: World, atMs: number): GpusRead {
  const workers = new Map<number, SimWorker[]>();
  for (const worker of world.workers.values()) {
    const list = workers.get(worker.gpu) ?? [];
    list.push(worker);
    workers.set(worker.gpu, list);
  }
  const present = world.gpus.filter(({ isLost }) => !isLost);
  return { kind: 'gpus-read', atMs, gpus: present.map((gpu) => readGpu(gpu, workers.get(gpu.index) ?? [])) };
}

function readGpu({ index, uuid, leakedGib, xid79 }: SimGpu, workers: readonly SimWorker[]): GpuReading {
  const loaded = workers.filter(({ mode }) => mode !== 'down');
  const busy = workers.filter(({ mode }) => mode === 'working' || mode === 'livelocked').length;
  const modelsGib = loaded.reduce((sum, { stage }) => sum + stage.gpuMemoryGib, 0);
  const usedGib = Math.min(modelsGib + leakedGib, MEMORY_GIB - RESERVED_GIB);
  const totals = new Map(xid79 > 0 ? [['79', xid79]] : []);
  return {
    uuid,
    index: String(index),
    device: `nvidia${index}`,
    model: 'NVIDIA B200',
    memory: {
      usedBytes: usedGib * GIB,
      freeBytes: (MEMORY_GIB - RESERVED_GIB - usedGib) * GIB,
      reservedBytes: RESERVED_GIB * GIB,
      totalBytes: MEMORY_GIB * GIB,
    },
    utilizationRatio: Math.min(0.98, busy * 0.09),
    temperatureCelsius: 35 + Math.min(40, busy * 3),
    powerWatts: 140 + Math.min(800, busy * 60),
    xids: { last: xid79 > 0 ? 79 : 0, totals, recent: new Map() },
  };
}

/** What leaks is held by a process that outlived its worker. */
export function readGpuProcesses(world: World, atMs: number): GpuProcessesRead {
  const present = new Map(world.gpus.filter(({ isLost }) => !isLost).map((gpu) => [gpu.index, gpu]));
  const held = [...world.workers.values()].flatMap(
    ({ container, stage, gpu, mode }): readonly GpuProcess[] => {
      const uuid = present.get(gpu)?.uuid;
      if (uuid === undefined || mode === 'down') return [];
      const owner = { kind: 'container', ids: [container.id] } as const;
      const pid = pidOf(container, world);
      return [{ pid, uuid, usedBytes: stage.gpuMemoryGib * GIB, program: 'python', owner }];
    },
  );
  const strays = [...present.values()].flatMap((gpu): readonly GpuProcess[] => {
    if (gpu.leakedGib === 0) return [];
    const usedBytes = Math.round(gpu.leakedGib * GIB);
    return [{ pid: strayPidOf(gpu), uuid: gpu.uuid, usedBytes, program: 'python', owner: { kind: 'none' } }];
  });
  const gpus = [...present.values()].map(({ index, uuid }) => ({ index: String(index), uuid }));
  return { kind: 'gpu-processes-read', atMs, gpus, processes: [...held, ...strays] };
}
