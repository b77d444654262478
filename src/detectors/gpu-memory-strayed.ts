/** Describes memory of a GPU that is held by processes of no container, or of one that ended: a part of GpuMemoryLeaked. */

import type { Gpu } from '../fleet/gpu-model.js';
import type { GpuHolding, GpuOrphans, OrphanProcess } from '../fleet/gpu-process-model.js';
import { counted } from '../lib/counted.js';
import { formatDuration } from '../lib/duration.js';
import type { Detection } from './finding.js';
import { strangers } from './gpu-strays.js';
import type { Judgement, Scene } from './scene.js';

const GIB = 1024 ** 3;
const MAX_PROCESSES = 5;
const MAX_HOLDERS = 3;

/** Keys are the UUIDs of GPUs. */
export function detectStrays(scene: Scene): Judgement {
  const { fleet, histories, settings } = scene;
  const forMs = settings.detection.gpu_memory_for;
  const found: Detection[] = [];
  const unsure: string[] = [];
  for (const [uuid, { heldMs, beganAtMs, isResting }] of histories.gpuStrays.held) {
    const orphans = fleet.gpuOrphans.find((one) => one.uuid === uuid);
    if (isResting || heldMs < forMs || !orphans) unsure.push(uuid);
    else found.push(describeStrays(orphans, { heldMs, beganAtMs, nowMs: scene.nowMs }));
  }
  const isBlind = scene.isWatched('gpu_processes') && !scene.isFresh('gpu_processes');
  return { found, unsure: isBlind ? 'all' : unsure };
}

interface Held {
  readonly heldMs: number;
  readonly beganAtMs: number;
  readonly nowMs: number;
}

function describeStrays(orphans: GpuOrphans, { heldMs, beganAtMs, nowMs }: Held): Detection {
  const { gpu, uuid } = orphans;
  const processes = strangers(orphans);
  const [first] = processes;
  const who =
    processes.length === 1 && first
      ? nameOf(first)
      : `${counted(processes.length, 'process')}, the largest ${first ? nameOf(first) : ''}`;
  const sum = processes.reduce((bytes, { usedBytes = 0 }) => bytes + usedBytes, 0);
  const more = processes.length - MAX_PROCESSES;
  return {
    kind: 'GpuMemoryLeaked',
    key: uuid,
    subject: { gpu, uuid },
    summary: `GPU ${gpu}: ${inGib(sum)} GiB held outside of all containers for ${formatDuration(heldMs)}, by ${who}`,
    evidence: [
      ...processes.slice(0, MAX_PROCESSES).map((one) => describeProcess(one, nowMs)),
      ...(more > 0 ? [`${counted(more, 'process')} more`] : []),
    ],
    clearsWhen: 'The processes have ended, or hold less.',
    beganAtMs,
  };
}

function nameOf({ pid, program }: OrphanProcess): string {
  return `process ${pid}${program === undefined ? '' : ` (${program})`}`;
}

function describeProcess(process: OrphanProcess, nowMs: number): string {
  const { usedBytes, startedAtMs, endedContainer, hasEnded } = process;
  const size = usedBytes === undefined ? 'an unknown amount' : `${inGib(usedBytes)} GiB`;
  const since = startedAtMs === undefined ? '' : `, started ${formatDuration(nowMs - startedAtMs)} ago,`;
  const whose = hasEnded
    ? 'it has ended, and the driver still keeps its memory: a reset of the GPU frees it'
    : endedContainer === undefined
      ? 'it runs in no container'
      : `its container ${endedContainer} has ended`;
  return `${nameOf(process)}${since} holds ${size}: ${whose}`;
}

/** Who holds most of a GPU's memory, in one line; empty where nothing tells. */
export function describeHolders({ uuid, mig }: Gpu, holdings: readonly GpuHolding[]): readonly string[] {
  const own = holdings.filter((one) => one.uuid === uuid && !mig);
  if (own.length === 0) return [];
  const largest = own.toSorted((one, other) => other.usedBytes - one.usedBytes).slice(0, MAX_HOLDERS);
  const names = largest.map(({ container, usedBytes }) => `${container} ${inGib(usedBytes)} GiB`);
  return [`held most by ${names.join(', ')}`];
}

const inGib = (bytes: number): string => (bytes / GIB).toFixed(1);
