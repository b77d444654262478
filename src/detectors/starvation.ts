/**
 * Finds workers without a job that have lost their consumer: the container is up, and it will never take a message. Found by
 * messages that wait while consumers are missing, by a consumer that was there before and is missing now, or by a container
 * that has no connection although the broker still counts its consumer. It lasts until the consumer is back.
 */

import type { ContainerSockets } from '../fleet/socket-model.js';
import { idleFor, type Neglect, neglectOf, type StageFacts } from './consumer-facts.js';
import type { WorkerJudgement } from './judge-worker.js';
import { sayHalfOpen, sayLost, sayMissing, sayPassedOver } from './starved-words.js';
import type { WorkerScene } from './worker-scene.js';

export interface Starvation {
  /** Those of the idle workers that are starved. */
  find(
    judged: ReadonlyMap<string, WorkerJudgement>,
    scene: WorkerScene,
  ): ReadonlyMap<string, WorkerJudgement>;
  /** By stage: consumers that are missing, of which nobody knows whose they are. */
  readonly missing: ReadonlyMap<string, MissingConsumers>;
}

export interface MissingConsumers {
  readonly queue: string;
  readonly consumers: number;
  readonly expected: number;
  readonly idle: readonly string[];
  readonly sinceMs: number;
}

type Found = ReadonlyMap<string, WorkerJudgement>;

/** Durations are so far below zero where it is not so. */
interface StageMoment {
  readonly facts: StageFacts;
  readonly scene: WorkerScene;
  readonly idleMs: (key: string) => number;
  readonly afterMs: number;
  /** For how long messages have waited while consumers are missing. */
  readonly shortMs: number;
  /** For how long a consumer that was there before has been missing. */
  readonly missingMs: number;
  /** For how long messages have waited, or were held by no worker at work, beside idle workers. */
  readonly passedMs: number;
}

const AT_WORK: ReadonlySet<string> = new Set(['active', 'slow', 'stuck']);
/** Without a look at its connections a worker must have been passed over for this many times as long. */
const PASSED_OVER_FACTOR = 5;
/** A connection that is opened again is missing for a moment. */
const NO_CONNECTION_MS = 20_000;
const SOCKETS_FRESH_MS = 30_000;
/** Of AMQP, without and with TLS. */
const BROKER_PORTS: ReadonlySet<number> = new Set([5672, 5671]);

export function createStarvation(): Starvation {
  /** By stage and what is wrong there: since when, at every look. */
  const wrongSinceMs = new Map<string, number>();
  /** By worker. */
  const idleSinceMs = new Map<string, number>();
  const unconnectedSinceMs = new Map<string, number>();
  /** Workers that had a job: they were consumers once. */
  const served = new Set<string>();
  /** Stages that had a consumer for each worker once. */
  const whole = new Set<string>();
  let starved: ReadonlySet<string> = new Set();
  const missing = new Map<string, MissingConsumers>();

  function noteWorkers(judged: ReadonlyMap<string, WorkerJudgement>, { fleet, nowMs }: WorkerScene): void {
    for (const [key, { status }] of judged) {
      const isIdle = status === 'idle';
      follow(idleSinceMs, key, isIdle, nowMs);
      follow(unconnectedSinceMs, key, isIdle && isUnconnected(key, fleet, nowMs), nowMs);
      if (AT_WORK.has(status)) served.add(key);
    }
    for (const known of [idleSinceMs, unconnectedSinceMs, served]) {
      for (const key of known.keys()) if (!judged.has(key)) known.delete(key);
    }
  }

  /** For how long it has been so, without a break. */
  function lasting(what: string, isSo: boolean, nowMs: number): number {
    follow(wrongSinceMs, what, isSo, nowMs);
    const sinceMs = wrongSinceMs.get(what);
    return sinceMs === undefined ? Number.NEGATIVE_INFINITY : nowMs - sinceMs;
  }

  function starvedOf(stage: string, facts: StageFacts, scene: WorkerScene): Found {
    const { nowMs, settings } = scene;
    const idleMs = (key: string): number => idleFor(idleSinceMs, key, nowMs);
    const neglect = neglectOf(scene.surroundings.queueOf(stage), facts, idleMs);
    missing.delete(stage);
    if (neglect && !neglect.isMissing) whole.add(stage);
    const moment: StageMoment = {
      facts,
      scene,
      idleMs,
      afterMs: settings.detection.starved_after,
      shortMs: lasting(`${stage} short`, neglect?.isShort === true, nowMs),
      missingMs: lasting(`${stage} missing`, neglect?.isMissing === true && whole.has(stage), nowMs),
      passedMs: lasting(`${stage} passed`, neglect?.isWaiting === true, nowMs),
    };
    if (!neglect) return new Map();
    const found = new Map([
      ...passedOver(neglect, moment),
      ...stillMissing(neglect, moment),
      ...lostWithBacklog(neglect, moment),
      ...halfOpen(neglect, moment),
    ]);
    const { queue, consumers, expected, isHeld } = neglect;
    const lost = expected - consumers;
    const isUnnamed = moment.missingMs >= moment.afterMs && !isHeld && lost > found.size;
    if (isUnnamed)
      missing.set(stage, { queue, consumers, expected, idle: facts.idle, sinceMs: nowMs - moment.missingMs });
    return found;
  }

  function halfOpen(neglect: Neglect, { facts, scene, idleMs, afterMs }: StageMoment): Found {
    const keys = facts.idle.filter((key) => {
      const sinceMs = unconnectedSinceMs.get(key);
      const isGone = sinceMs !== undefined && scene.nowMs - sinceMs >= NO_CONNECTION_MS;
      return isGone && idleMs(key) >= afterMs;
    });
    return new Map(keys.map((key) => [key, sayHalfOpen(neglect, idleMs(key))]));
  }

  function lostWithBacklog(neglect: Neglect, { facts, scene, idleMs, afterMs, shortMs }: StageMoment): Found {
    if (shortMs < afterMs || neglect.isHeld) return new Map();
    const keys = facts.idle.filter(
      (key) => idleMs(key) >= afterMs && (neglect.isUnackedKnown || !isBusy(key, scene, afterMs)),
    );
    return new Map(keys.map((key) => [key, sayLost(neglect, idleMs(key))]));
  }

  /** What was found stays found until the consumer is back, though nothing waits; and where all are missing, all are. */
  function stillMissing(neglect: Neglect, { facts, idleMs, afterMs, missingMs }: StageMoment): Found {
    if (!neglect.isMissing) return new Map();
    const isAll =
      missingMs >= afterMs && !neglect.isHeld && neglect.expected - neglect.consumers >= facts.idle.length;
    const keys = facts.idle.filter((key) => starved.has(key) || (isAll && idleMs(key) >= afterMs));
    return new Map(keys.map((key) => [key, sayMissing(neglect, idleMs(key))]));
  }

  function passedOver(neglect: Neglect, { facts, scene, idleMs, afterMs, passedMs }: StageMoment): Found {
    const longMs = afterMs * PASSED_OVER_FACTOR;
    if (passedMs < longMs || neglect.isMissing) return new Map();
    const keys = facts.idle.filter(
      (key) => idleMs(key) >= longMs && served.has(key) && isStill(key, scene, longMs),
    );
    if (neglect.ready === 0 && keys.length > neglect.held) return new Map();
    return new Map(keys.map((key) => [key, sayPassedOver(neglect, idleMs(key))]));
  }

  return {
    missing,
    find(judged, scene) {
      // What was found before an outage of the broker is looked for again after it.
      if (!scene.freshness.isFresh('rabbitmq')) return new Map();
      noteWorkers(judged, scene);
      const stages = countByStage(judged, scene);
      for (const stage of whole) if (!stages.has(stage)) forget(stage);
      const found = new Map([...stages].flatMap(([stage, facts]) => [...starvedOf(stage, facts, scene)]));
      starved = new Set(found.keys());
      return found;
    },
  };

  function forget(stage: string): void {
    whole.delete(stage);
    missing.delete(stage);
    for (const what of ['short', 'missing', 'passed']) wrongSinceMs.delete(`${stage} ${what}`);
  }
}

function follow(sinceMs: Map<string, number>, key: string, isSo: boolean, nowMs: number): void {
  if (!isSo) sinceMs.delete(key);
  else if (!sinceMs.has(key)) sinceMs.set(key, nowMs);
}

/**
 * Its connections are known, and none leads to a broker. Where it has others, that is certain only if some worker is
 * connected to the usual port: a broker may have any.
 */
function isUnconnected(key: string, { sockets }: WorkerScene['fleet'], nowMs: number): boolean {
  const known = sockets.get(key);
  if (!known || nowMs - known.atMs > SOCKETS_FRESH_MS) return false;
  if (known.remotePorts.length === 0) return true;
  return !isAtBroker(known) && [...sockets.values()].some(isAtBroker);
}

function isAtBroker({ remotePorts }: ContainerSockets): boolean {
  return remotePorts.some((port) => BROKER_PORTS.has(port));
}

function isBusy(key: string, { fleet, nowMs }: WorkerScene, withinMs: number): boolean {
  const busyAtMs = fleet.cpu.get(key)?.lastBusyAtMs;
  return busyAtMs !== undefined && nowMs - busyAtMs < withinMs;
}

/** Known to have used next to no CPU for as long. */
function isStill(key: string, scene: WorkerScene, forMs: number): boolean {
  const used = scene.fleet.cpu.get(key);
  return used !== undefined && used.atMs - used.firstAtMs >= forMs / 2 && !isBusy(key, scene, forMs);
}

function countByStage(
  judged: ReadonlyMap<string, WorkerJudgement>,
  { fleet }: WorkerScene,
): ReadonlyMap<string, StageFacts> {
  const stages = new Map<string, StageFacts>();
  for (const [key, { status }] of judged) {
    const stage = fleet.workers.get(key)?.stage;
    if (stage === undefined || status === 'down' || status === 'unknown') continue;
    const facts = stages.get(stage) ?? { expected: 0, busy: 0, starting: 0, idle: [] };
    facts.expected++;
    if (status === 'idle') facts.idle.push(key);
    else if (status === 'starting') facts.starting++;
    else facts.busy++;
    stages.set(stage, facts);
  }
  return stages;
}
