/** What there is in the simulated pipeline: containers, workers, orchestrators, queues, files, GPUs. Mutable, in virtual time. */

import type { ProgressReport } from '../fleet/progress-model.js';
import { queueName, type SimProfile, type SimStage } from './profile.js';
import { createRandom } from './random.js';

export interface SimContainer {
  readonly name: string;
  readonly service: string;
  id: string;
  createdAtMs: number;
  state: 'running' | 'exited';
  startedAtMs: number;
  finishedAtMs: number | undefined;
  exitCode: number;
  isOomKilled: boolean;
  restartCount: number;
  hasRestartPolicy: boolean;
  /** CPU time up to `cpuSinceMs`, and how many cores it uses since. */
  cpuSeconds: number;
  cpuSinceMs: number;
  cores: number;
  /** A life begins with each start: what was planned in one does not happen in the next. */
  life: number;
}

export interface SimMessage {
  readonly document: number;
  deliveries: number;
}

export interface SimJob {
  readonly message: SimMessage;
  readonly startedAtMs: number;
  readonly steps: number | undefined;
  /** Steps done. */
  done: number;
  /** Its next step waits so long for a remote call first. */
  waitMs?: number;
  /** Bytes come over the network while it waits. */
  hasTraffic?: boolean;
  /** They come until then. */
  receivesUntilMs?: number;
}

export type WorkerMode = 'down' | 'loading' | 'idle' | 'working' | 'hung' | 'livelocked';

export interface SimWorker {
  readonly container: SimContainer;
  readonly stage: SimStage;
  readonly gpu: number;
  mode: WorkerMode;
  job: SimJob | undefined;
  hasConsumer: boolean;
  /** Of its own clock, ahead of the world's. */
  clockAheadMs: number;
  /** The broker counts its consumer, and the connection is dead: what is delivered there arrives nowhere. */
  isHalfOpen?: boolean;
  /** Its process waits in the kernel and cannot be killed; `killed`: it will end as soon as the wait is over. */
  inKernel?: 'waiting' | 'killed';
  /** Delivered over the dead connection: unacked for as long as the broker believes in it. */
  swallowed?: SimMessage;
}

export interface SimQueue {
  readonly stage: SimStage;
  readonly name: string;
  readonly ready: SimMessage[];
  unacked: number;
  published: number;
  acked: number;
  redelivered: number;
}

/** A queue that no stage serves: dead letters, delays, events, replies, streams. */
export interface SimByDesignQueue {
  readonly name: string;
  readonly type: 'classic' | 'quorum' | 'stream';
  ready: number;
  published: number;
}

export interface SimOrchestrator {
  readonly container: SimContainer;
  document: number | undefined;
  /** Index of the stage it waits for. */
  place: number;
  /** Told by what it waits for, once. */
  waitsSinceMs: number;
}

export interface SimGpu {
  readonly index: number;
  readonly uuid: string;
  isLost: boolean;
  leakedGib: number;
  xid79: number;
}

export interface ProgressFile {
  readonly report: ProgressReport;
  readonly mtimeMs: number;
}

/** `hangs`: in the hands of a worker that does not move; `at work`: of one that does; `lost`: nobody has it. */
export type JobPlace = 'hangs' | 'at work' | 'in the queue' | 'lost';
export type GivenUp = 'failure sentinel' | JobPlace;

export interface World {
  readonly profile: SimProfile;
  readonly containers: Map<string, SimContainer>;
  readonly workers: Map<string, SimWorker>;
  readonly orchestrators: Map<string, SimOrchestrator>;
  /** By stage id. */
  readonly queues: Map<string, SimQueue>;
  readonly byDesignQueues: SimByDesignQueue[];
  readonly gpus: readonly SimGpu[];
  /** By name of the file, without `.json`. */
  readonly files: Map<string, ProgressFile>;
  readonly stats: { started: number; done: number; failed: number; jobs: number };
  /** How many documents were given up, by where the job was that their orchestrator waited for. */
  readonly givenUp: Map<GivenUp, number>;
}

export const documentName = (document: number): string => `PMC${100_000 + document}`;

export function createWorld(profile: SimProfile, nowMs: number): World {
  const world: World = {
    profile,
    containers: new Map(),
    workers: new Map(),
    orchestrators: new Map(),
    queues: new Map(),
    byDesignQueues: [],
    gpus: Array.from({ length: profile.gpus }, (_, index) => ({
      index,
      uuid: `GPU-${String(index).padStart(8, '0')}-0000-4000-8000-000000000000`,
      isLost: false,
      leakedGib: 0,
      xid79: 0,
    })),
    files: new Map(),
    stats: { started: 0, done: 0, failed: 0, jobs: 0 },
    givenUp: new Map(),
  };
  for (const name of ['rabbitmq', 'grobid', 'backup']) addContainer(world, { name, service: name, nowMs });
  for (let index = 1; index <= profile.others; index++) {
    addContainer(world, { name: `tool-${index}`, service: 'tool', nowMs });
  }
  for (const stage of profile.stages) addStage(world, stage, nowMs);
  for (let index = 1; index <= profile.orchestrators; index++) addOrchestrator(world, index, nowMs);
  return world;
}

export function groupByStage(workers: Iterable<SimWorker>): Map<string, SimWorker[]> {
  const groups = new Map<string, SimWorker[]>();
  for (const worker of workers) {
    const list = groups.get(worker.stage.id) ?? [];
    list.push(worker);
    groups.set(worker.stage.id, list);
  }
  return groups;
}

function addStage(world: World, stage: SimStage, nowMs: number): void {
  const name = queueName(stage.id);
  world.queues.set(stage.id, { stage, name, ready: [], unacked: 0, published: 0, acked: 0, redelivered: 0 });
  for (const { index: gpu } of world.gpus) {
    for (let replica = 0; replica < stage.workersPerGpu[world.profile.name]; replica++) {
      const service = `${stage.service}-worker-gpu${gpu}`;
      const container = addContainer(world, { name: `${service}-${replica}`, service, nowMs });
      world.workers.set(container.name, {
        container,
        stage,
        gpu,
        mode: 'loading',
        job: undefined,
        hasConsumer: false,
        clockAheadMs: 0,
      });
    }
  }
}

export function addOrchestrator(world: World, index: number, nowMs: number): SimOrchestrator {
  const container = addContainer(world, {
    name: `orchestrator-${index}`,
    service: `orchestrator-${index}`,
    nowMs,
  });
  const orchestrator = { container, document: undefined, place: 0, waitsSinceMs: nowMs };
  world.orchestrators.set(container.name, orchestrator);
  return orchestrator;
}

function addContainer(
  world: World,
  { name, service, nowMs }: { readonly name: string; readonly service: string; readonly nowMs: number },
): SimContainer {
  const container: SimContainer = {
    name,
    service,
    id: newContainerId(name, 0),
    createdAtMs: nowMs,
    state: 'running',
    startedAtMs: nowMs,
    finishedAtMs: undefined,
    exitCode: 0,
    isOomKilled: false,
    restartCount: 0,
    hasRestartPolicy: true,
    cpuSeconds: 0,
    cpuSinceMs: nowMs,
    cores: IDLE_CORES,
    life: 0,
  };
  world.containers.set(name, container);
  return container;
}

/** Above what any Linux numbers processes up to, so that nobody takes one for a process of this machine. */
const FIRST_PID = 4_194_304;
const FIRST_STRAY_PID = FIRST_PID + 100_000;

/** Of a container's first process, as the host counts. */
export function pidOf({ name }: SimContainer, { containers }: World): number {
  return FIRST_PID + [...containers.keys()].indexOf(name);
}

/** Of the process outside of all containers that holds what leaks on the GPU. */
export function strayPidOf({ index }: SimGpu): number {
  return FIRST_STRAY_PID + index;
}

/** An idle process still wakes now and then. */
export const IDLE_CORES = 0.001;

const ID_WORDS = 8;
const TWO_TO_32 = 2 ** 32;

/** Unique for the name and the number of its re-creations, and the same in every run. */
export function newContainerId(name: string, recreation: number): string {
  const random = createRandom(0).fork(`${recreation}:${name}`);
  const words = Array.from({ length: ID_WORDS }, () => Math.floor(random.next() * TWO_TO_32));
  return words.map((word) => word.toString(16).padStart(8, '0')).join('');
}

/** From now on the container uses so many cores. */
export function useCores(container: SimContainer, cores: number, nowMs: number): void {
  container.cpuSeconds = cpuSecondsAt(container, nowMs);
  container.cpuSinceMs = nowMs;
  container.cores = cores;
}

export function cpuSecondsAt({ cpuSeconds, cpuSinceMs, cores }: SimContainer, nowMs: number): number {
  return cpuSeconds + ((nowMs - cpuSinceMs) / 1000) * cores;
}
