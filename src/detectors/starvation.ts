/** Finds idle workers that have lost their consumer: the container is up, messages wait, and it will never take one. */

import type { Queue } from '../fleet/queue-model.js';
import { counted } from '../lib/counted.js';
import { formatDuration } from '../lib/duration.js';
import type { WorkerJudgement } from './judge-worker.js';
import type { WorkerScene } from './worker-scene.js';

export interface Starvation {
  /** Those of the idle workers that are starved. */
  find(
    judged: ReadonlyMap<string, WorkerJudgement>,
    scene: WorkerScene,
  ): ReadonlyMap<string, WorkerJudgement>;
}

interface StageFacts {
  /** Running: each of them should be a consumer, or will be. */
  expected: number;
  /** Those that have a job in hand. */
  busy: number;
  readonly idle: string[];
}

const JUST_IDLE_MS = 15_000;

export function createStarvation(): Starvation {
  /** By stage: since when messages have been waiting while a consumer was missing, at every look. */
  const shortSinceMs = new Map<string, number>();
  /** By worker. */
  const idleSinceMs = new Map<string, number>();

  function noteIdle(judged: ReadonlyMap<string, WorkerJudgement>, nowMs: number): void {
    for (const [key, { status }] of judged) {
      if (status !== 'idle') idleSinceMs.delete(key);
      else if (!idleSinceMs.has(key)) idleSinceMs.set(key, nowMs);
    }
    for (const key of idleSinceMs.keys()) if (!judged.has(key)) idleSinceMs.delete(key);
  }

  /** Those that may have taken a message since their file was looked at. */
  function countJustIdle({ idle }: StageFacts, nowMs: number): number {
    return idle.filter((key) => nowMs - (idleSinceMs.get(key) ?? nowMs) < JUST_IDLE_MS).length;
  }

  /** Since when messages have waited there while consumers are missing; undefined: it is not so. */
  function followShortage(stage: string, shortage: Shortage | undefined, nowMs: number): number | undefined {
    if (!shortage) {
      shortSinceMs.delete(stage);
      return undefined;
    }
    const sinceMs = shortSinceMs.get(stage) ?? nowMs;
    shortSinceMs.set(stage, sinceMs);
    return sinceMs;
  }

  /** Those of a stage that have been idle for as long as messages have waited there in vain. */
  function starvedOf(
    stage: string,
    facts: StageFacts,
    scene: WorkerScene,
  ): readonly [string, WorkerJudgement][] {
    const { nowMs, settings } = scene;
    const afterMs = settings.detection.starved_after;
    const shortage = findShortage(scene.surroundings.queueOf(stage), facts, countJustIdle(facts, nowMs));
    const sinceMs = followShortage(stage, shortage, nowMs);
    if (!shortage || shortage.isHeld || sinceMs === undefined || nowMs - sinceMs < afterMs) return [];
    return facts.idle.flatMap((key) => {
      const idleMs = nowMs - (idleSinceMs.get(key) ?? nowMs);
      const mayHold = !shortage.isUnackedKnown && isBusy(key, scene, afterMs);
      return mayHold || idleMs < afterMs ? [] : [[key, describeStarved(shortage, idleMs)]];
    });
  }

  return {
    find(judged, scene) {
      noteIdle(judged, scene.nowMs);
      const stages = countByStage(judged, scene);
      for (const stage of shortSinceMs.keys()) if (!stages.has(stage)) shortSinceMs.delete(stage);
      return new Map([...stages].flatMap(([stage, facts]) => starvedOf(stage, facts, scene)));
    },
  };
}

interface Shortage {
  readonly queue: string;
  readonly ready: number;
  readonly consumers: number;
  readonly expected: number;
  /** More messages are in hand than workers tell of: one that looks idle may hold one. */
  readonly isHeld: boolean;
  /** Else a worker that tells of its job late may hold a message, and nobody would know. */
  readonly isUnackedKnown: boolean;
}

function isBusy(key: string, { fleet, nowMs }: WorkerScene, withinMs: number): boolean {
  const busyAtMs = fleet.cpu.get(key)?.lastBusyAtMs;
  return busyAtMs !== undefined && nowMs - busyAtMs < withinMs;
}

/**
 * A consumer that is idle takes a waiting message at once; whoever does not has none. Who starts may be a consumer or
 * not yet; a worker may hold a message before it tells of a job, and while one does nobody is accused.
 */
function findShortage(
  queue: Queue | undefined,
  { expected, busy }: StageFacts,
  justIdle: number,
): Shortage | undefined {
  if (!queue?.ready || !queue.consumers || queue.ready.value === 0) return undefined;
  const consumers = queue.consumers.value;
  const isHeld = queue.unacked !== undefined && queue.unacked.value > busy + justIdle;
  return consumers < expected
    ? {
        queue: queue.name,
        ready: queue.ready.value,
        consumers,
        expected,
        isHeld,
        isUnackedKnown: queue.unacked !== undefined,
      }
    : undefined;
}

function describeStarved({ queue, ready, consumers, expected }: Shortage, idleMs: number): WorkerJudgement {
  const idle = formatDuration(idleMs);
  return {
    status: 'starved',
    reason: `idle for ${idle} while queue ${queue} has ${ready} waiting and ${expected - consumers} of ${counted(expected, 'consumer')} missing`,
    evidence: [
      `queue ${queue} has ${ready} waiting and ${counted(consumers, 'consumer')}; it should have ${expected}`,
      `no job for ${idle}`,
    ],
  };
}

function countByStage(
  judged: ReadonlyMap<string, WorkerJudgement>,
  { fleet }: WorkerScene,
): ReadonlyMap<string, StageFacts> {
  const stages = new Map<string, StageFacts>();
  for (const [key, { status }] of judged) {
    const stage = fleet.workers.get(key)?.stage;
    if (stage === undefined || status === 'down' || status === 'unknown') continue;
    const facts = stages.get(stage) ?? { expected: 0, busy: 0, idle: [] };
    facts.expected++;
    if (status === 'idle') facts.idle.push(key);
    else if (status !== 'starting') facts.busy++;
    stages.set(stage, facts);
  }
  return stages;
}
