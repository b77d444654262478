/**
 * Tells what still moves around a worker whose progress does not: its CPU time, what it reads and sends, its GPU, the acks
 * of its queue.
 */

import type { CpuActivity } from '../fleet/cpu-model.js';
import type { IoActivity } from '../fleet/io-model.js';
import type { Fleet } from '../fleet/model.js';
import type { Queue } from '../fleet/queue-model.js';
import { formatDuration } from '../lib/duration.js';

/** `unknown` also where something moves that may be another worker's doing. */
export type Motion = 'moving' | 'still' | 'unknown';

export interface Activity {
  readonly cpu: Motion;
  /** What it takes in and gives out by network and disk; `still` is never asked for. */
  readonly io: Motion;
  readonly gpu: Motion;
  readonly acks: Motion;
  /** Independent facts agree that nothing moves: without CPU facts they cannot, nor while it is `isBlind`. */
  readonly isStill: boolean;
  /** A source that alone could show that it moves is stale. */
  readonly isBlind?: true;
  readonly isMoving: boolean;
  /** Since when its CPU time has not moved, as far as is known; absent while it does, or nobody knows. */
  readonly stillSinceMs?: number;
  /** Each fact with its numbers. */
  readonly evidence: readonly string[];
}

/** What is known of a worker's surroundings, by its container. */
export interface Surroundings {
  /** Key in the fleet; undefined: the worker is known from its progress only. */
  readonly identity: string | undefined;
  /** Name of the container. */
  readonly container: string;
  /** Undefined where the broker is not watched or not fresh. */
  readonly queue: Queue | undefined;
  /** It alone serves the queue. */
  readonly isOnlyWorker: boolean;
  readonly gpus: readonly GpuUse[];
  /** A source is stale, or lacks the figure, that would tell of its own GPU or of acks that only it can give. */
  readonly isBlind?: boolean;
}

/** A GPU that the container may use. */
export interface GpuUse {
  readonly index: string;
  /** 0 to 1; absent where DCGM is not fresh or does not tell. */
  readonly utilizationRatio?: number;
  /** The last answer lacks how busy it is, though those before it said so. */
  readonly isMissed?: true;
  /** How many running containers may use it, this one included. */
  readonly containers: number;
}

export interface StillnessOptions {
  readonly nowMs: number;
  /** For how long nothing must have moved. */
  readonly neededMs: number;
}

/** CPU facts that are older say nothing of now. */
const CPU_STALE_MS = 60_000;
/** The driver's own housekeeping shows as a per cent now and then. */
const GPU_STILL_RATIO = 0.01;

export function judgeActivity(
  { cpu, io }: Pick<Fleet, 'cpu' | 'io'>,
  around: Surroundings,
  options: StillnessOptions,
): Activity {
  const used = around.identity === undefined ? undefined : cpu.get(around.identity);
  const cpuMotion = judgeCpu(used, options);
  const moved = around.identity === undefined ? undefined : io.get(around.identity);
  const ioMotion = judgeIo(moved, options);
  const gpuMotion = judgeGpu(around.gpus);
  const acks = judgeAcks(around, options);
  const motions = [cpuMotion, ioMotion, gpuMotion, acks];
  const isMoving = motions.includes('moving');
  return {
    cpu: cpuMotion,
    io: ioMotion,
    gpu: gpuMotion,
    acks,
    isMoving,
    isStill: cpuMotion === 'still' && !isMoving && !around.isBlind,
    ...(around.isBlind && { isBlind: true }),
    ...(cpuMotion === 'still' && used && { stillSinceMs: stillSince(used) }),
    evidence: [
      describeCpu(used, cpuMotion),
      ...describeIo(moved, ioMotion),
      ...around.gpus.map(describeGpu),
      ...describeQueue(around.queue, options.nowMs),
    ],
  };
}

function judgeCpu(used: CpuActivity | undefined, { nowMs, neededMs }: StillnessOptions): Motion {
  if (!used || nowMs - used.atMs > CPU_STALE_MS || used.recentMs === undefined) return 'unknown';
  if (used.atMs - stillSince(used) >= neededMs) return 'still';
  return used.lastBusyAtMs === undefined ? 'unknown' : 'moving';
}

function stillSince({ firstAtMs, lastBusyAtMs }: CpuActivity): number {
  return Math.max(firstAtMs, lastBusyAtMs ?? 0);
}

function judgeIo(moved: IoActivity | undefined, { nowMs, neededMs }: StillnessOptions): Motion {
  if (!moved?.recent || nowMs - moved.atMs > CPU_STALE_MS) return 'unknown';
  const { lastBusyAtMs } = moved;
  return lastBusyAtMs !== undefined && nowMs - lastBusyAtMs < neededMs ? 'moving' : 'still';
}

function describeIo(moved: IoActivity | undefined, motion: Motion): readonly string[] {
  if (motion === 'unknown' || !moved?.recent) return [];
  const { inBytes, outBytes, ms } = moved.recent;
  const span = formatDuration(ms);
  return inBytes === 0 && outBytes === 0
    ? [`container received and sent nothing in ${span}`]
    : [`container received ${kilobytes(inBytes)} and sent ${kilobytes(outBytes)} in ${span}`];
}

function kilobytes(bytes: number): string {
  return bytes < 1_000_000 ? `${(bytes / 1000).toFixed(1)} kB` : `${(bytes / 1_000_000).toFixed(1)} MB`;
}

function judgeGpu(gpus: readonly GpuUse[]): Motion {
  const known = gpus.filter(({ utilizationRatio }) => utilizationRatio !== undefined);
  if (known.length === 0) return 'unknown';
  const busy = known.filter(({ utilizationRatio = 0 }) => utilizationRatio > GPU_STILL_RATIO);
  if (busy.length === 0) return known.length === gpus.length ? 'still' : 'unknown';
  return busy.some(({ containers }) => containers === 1) ? 'moving' : 'unknown';
}

function judgeAcks({ queue, isOnlyWorker }: Surroundings, { nowMs, neededMs }: StillnessOptions): Motion {
  if (!queue?.acked) return 'unknown';
  const { ackedRoseAtMs } = queue;
  if (ackedRoseAtMs === undefined || nowMs - ackedRoseAtMs >= neededMs) return 'still';
  return isOnlyWorker ? 'moving' : 'unknown';
}

function describeCpu(used: CpuActivity | undefined, motion: Motion): string {
  if (motion === 'unknown' || used?.recentSeconds === undefined || used.recentMs === undefined) {
    return 'how much CPU the container uses is not known';
  }
  const stillMs = used.atMs - stillSince(used);
  // The window may reach back to before it fell silent.
  if (motion === 'still' && stillMs < used.recentMs) {
    return `container has used next to no CPU for ${formatDuration(stillMs)}`;
  }
  return `container used ${used.recentSeconds.toFixed(1)} CPU-s in ${formatDuration(used.recentMs)}`;
}

function describeGpu({ index, utilizationRatio, containers }: GpuUse): string {
  const others = containers > 1 ? `, shared by ${containers} containers` : '';
  if (utilizationRatio === undefined) return `how busy GPU ${index} is, is not known`;
  return `GPU ${index} at ${Math.round(utilizationRatio * 100)} %${others}`;
}

function describeQueue(queue: Queue | undefined, nowMs: number): readonly string[] {
  if (!queue?.ready) return [];
  const { name, ready, ackedRoseAtMs } = queue;
  const acked = ackedRoseAtMs === undefined ? '' : `, last ack ${formatDuration(nowMs - ackedRoseAtMs)} ago`;
  return [`queue ${name} has ${ready.value} waiting${acked}`];
}
