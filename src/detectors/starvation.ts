/**
 * Finds workers without a job that have lost their consumer: the container is up, and it will never take a message. Found by
 * messages that wait while consumers are missing, by a consumer that was there before and is missing now, or by a container
 * that has no connection although the broker still counts its consumer. It lasts until the consumer is back.
 */

import type { Broker } from '../fleet/queue-model.js';
import type { ContainerSockets } from '../fleet/socket-model.js';
import { type ConditionClock, createConditionClock } from './condition-clock.js';
import { isUnreported, type Neglect, neglectOf, type StageFacts } from './consumer-facts.js';
import { sayHalfOpen, sayLost, sayMissing, sayPassedOver } from './starved-words.js';
import type { WorkerJudgement } from './worker-facts.js';
import type { WorkerScene } from './worker-scene.js';

export interface Starvation {
  /** Those of the idle workers that are starved. */
  find(
    judged: ReadonlyMap<string, WorkerJudgement>,
    scene: WorkerScene,
  ): ReadonlyMap<string, WorkerJudgement>;
  /** By stage: consumers that are missing, of which nobody knows whose they are. */
  readonly missing: ReadonlyMap<string, MissingConsumers>;
  /** Stages and idle workers of which nobody can tell at present whether consumers are missing. */
  readonly unjudged: { readonly stages: ReadonlySet<string>; readonly workers: ReadonlySet<string> };
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
  readonly afterMs: number;
  /** For how long messages have waited while consumers are missing. */
  readonly shortMs: number;
  /** For how long a consumer that was there before has been missing. */
  readonly missingMs: number;
  /** For how long messages have waited, or were held by no worker at work, beside idle workers. */
  readonly passedMs: number;
}

/** Without a look at its connections a worker must have been passed over for this many times as long. */
const PASSED_OVER_FACTOR = 5;
/** A connection that is opened again is missing for a moment. */
const NO_CONNECTION_MS = 20_000;
const SOCKETS_FRESH_MS = 30_000;
/** Of AMQP, without and with TLS, where the broker does not tell its own. */
const USUAL_PORTS: readonly number[] = [5672, 5671];

/** `hasWorked`: a worker had a job, so it was a consumer once. */
export function createStarvation(hasWorked: (key: string) => boolean): Starvation {
  /** By stage and what is wrong there. */
  const wrong = createConditionClock();
  /** By worker. */
  const idle = createConditionClock();
  const unconnected = createConditionClock();
  /** Stages that had a consumer for each worker once. */
  const whole = new Set<string>();
  let starved: ReadonlySet<string> = new Set();
  const missing = new Map<string, MissingConsumers>();
  const unjudged = { stages: new Set<string>(), workers: new Set<string>() };
  const idleMs = (key: string): number => idle.held.get(key)?.heldMs ?? 0;

  function noteWorkers(judged: ReadonlyMap<string, WorkerJudgement>, { fleet, nowMs }: WorkerScene): void {
    const ports = portsOf(fleet.broker);
    for (const [key, { status }] of judged) {
      const isIdle = status === 'unknown' ? undefined : status === 'idle';
      idle.note(key, isIdle, nowMs);
      unconnected.note(key, isIdle === true ? isUnconnected(key, { fleet, ports, nowMs }) : isIdle, nowMs);
    }
    for (const clock of [idle, unconnected]) clock.forgetUnless((key) => judged.has(key));
  }

  function starvedOf(stage: string, facts: StageFacts, scene: WorkerScene): Found {
    const { nowMs, settings } = scene;
    const reported = scene.surroundings.queueOf(stage);
    const neglect = neglectOf(reported, facts, idleMs);
    missing.delete(stage);
    if (neglect && !neglect.isMissing) whole.add(stage);
    // A worker of which nobody knows may be one too many, or the one whose consumer is missing.
    const isSeen = neglect ? facts.unknown === 0 : !isUnreported(reported);
    const lasting = (what: string, isSo = false): number =>
      follow(wrong, `${stage} ${what}`, isSo || isSeen ? isSo : undefined, reported?.dataAtMs ?? nowMs);
    const moment: StageMoment = {
      facts,
      scene,
      afterMs: settings.detection.starved_after,
      shortMs: lasting('short', neglect?.isShort),
      missingMs: lasting('missing', neglect?.isMissing === true && whole.has(stage)),
      passedMs: lasting('passed', neglect?.isWaiting),
    };
    if (!isSeen) {
      unjudged.stages.add(stage);
      for (const key of facts.idle) unjudged.workers.add(key);
    }
    if (!neglect) return new Map();
    const found = new Map([
      ...passedOver(neglect, moment),
      ...stillMissing(neglect, moment),
      ...lostWithBacklog(neglect, moment),
      ...halfOpen(neglect, moment),
    ]);
    const { queue, consumers, expected, isHeld } = neglect;
    const lost = expected - consumers;
    // One at a job is not starved: its consumer comes back with it, or its job says what is wrong. Nor is one that has
    // been idle for a moment, as healthy ones are between two jobs.
    const waiting = facts.idle.filter((key) => idleMs(key) >= moment.afterMs);
    const isUnnamed = moment.missingMs >= moment.afterMs && !isHeld && lost - facts.stuck > found.size;
    if (isUnnamed && waiting.length > 0)
      missing.set(stage, { queue, consumers, expected, idle: waiting, sinceMs: nowMs - moment.missingMs });
    return found;
  }

  function halfOpen(neglect: Neglect, { facts, afterMs }: StageMoment): Found {
    const keys = facts.idle.filter((key) => {
      const { heldMs = 0, isResting = true } = unconnected.held.get(key) ?? {};
      return !isResting && heldMs >= NO_CONNECTION_MS && idleMs(key) >= afterMs;
    });
    return new Map(keys.map((key) => [key, sayHalfOpen(neglect, idleMs(key))]));
  }

  function lostWithBacklog(neglect: Neglect, { facts, scene, afterMs, shortMs }: StageMoment): Found {
    if (shortMs < afterMs || neglect.isHeld) return new Map();
    const keys = facts.idle.filter(
      (key) => idleMs(key) >= afterMs && (neglect.isUnackedKnown || !isBusy(key, scene, afterMs)),
    );
    return new Map(keys.map((key) => [key, sayLost(neglect, idleMs(key))]));
  }

  /** What was found stays found until the consumer is back, though nothing waits; and where all are missing, all are. */
  function stillMissing(neglect: Neglect, { facts, afterMs, missingMs }: StageMoment): Found {
    if (!neglect.isMissing) return new Map();
    const isAll =
      missingMs >= afterMs && !neglect.isHeld && neglect.expected - neglect.consumers >= facts.idle.length;
    const keys = facts.idle.filter((key) => starved.has(key) || (isAll && idleMs(key) >= afterMs));
    return new Map(keys.map((key) => [key, sayMissing(neglect, idleMs(key))]));
  }

  function passedOver(neglect: Neglect, { facts, scene, afterMs, passedMs }: StageMoment): Found {
    const longMs = afterMs * PASSED_OVER_FACTOR;
    if (passedMs < longMs || neglect.isMissing) return new Map();
    const keys = facts.idle.filter(
      (key) => idleMs(key) >= longMs && hasWorked(key) && isStill(key, scene, longMs),
    );
    if (neglect.ready === 0 && keys.length > neglect.held) return new Map();
    return new Map(keys.map((key) => [key, sayPassedOver(neglect, idleMs(key))]));
  }

  return {
    missing,
    unjudged,
    find(judged, scene) {
      if (!scene.freshness.isWatched('rabbitmq')) return new Map();
      noteWorkers(judged, scene);
      unjudged.stages.clear();
      unjudged.workers.clear();
      // What was found before an outage of the broker is looked for again after it.
      if (!scene.freshness.isFresh('rabbitmq')) {
        wrong.restUnless(() => false);
        return new Map();
      }
      const stages = countByStage(judged, scene);
      for (const stage of whole) if (!stages.has(stage)) forget(stage);
      const found = new Map([...stages].flatMap(([stage, facts]) => [...starvedOf(stage, facts, scene)]));
      const unseen = [...starved].filter((key) => unjudged.workers.has(key));
      starved = new Set([...found.keys(), ...unseen]);
      return found;
    },
  };

  function forget(stage: string): void {
    whole.delete(stage);
    missing.delete(stage);
    for (const what of ['short', 'missing', 'passed']) wrong.forget(`${stage} ${what}`);
  }
}

/** For how long it was seen to be so; far below zero where it is not so, or cannot be seen. */
function follow(clock: ConditionClock, key: string, isSo: boolean | undefined, seenAtMs: number): number {
  clock.note(key, isSo, seenAtMs);
  const { heldMs = 0, isResting = true } = clock.held.get(key) ?? {};
  return isResting ? Number.NEGATIVE_INFINITY : heldMs;
}

interface Connections {
  readonly fleet: WorkerScene['fleet'];
  /** Of the broker. */
  readonly ports: ReadonlySet<number>;
  readonly nowMs: number;
}

/**
 * None of its connections leads to a broker. Where it has others, that is certain only if some worker is connected to a port
 * of the broker: workers may reach it by a mapped one. Undefined: they cannot be seen.
 */
function isUnconnected(key: string, { fleet: { sockets }, ports, nowMs }: Connections): boolean | undefined {
  const known = sockets.get(key);
  if (!known || nowMs - known.atMs > SOCKETS_FRESH_MS) return undefined;
  const isAtBroker = ({ remotePorts }: ContainerSockets): boolean =>
    remotePorts.some((port) => ports.has(port));
  if (known.remotePorts.length === 0) return true;
  return !isAtBroker(known) && [...sockets.values()].some(isAtBroker);
}

function portsOf(broker: Broker | undefined): ReadonlySet<number> {
  const { amqpPorts = USUAL_PORTS, amqpUrlPort } = broker ?? {};
  return new Set(amqpUrlPort === undefined ? amqpPorts : [...amqpPorts, amqpUrlPort]);
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
    if (stage === undefined || status === 'down') continue;
    const facts = stages.get(stage) ?? { expected: 0, busy: 0, stuck: 0, starting: 0, unknown: 0, idle: [] };
    stages.set(stage, facts);
    if (status === 'unknown') {
      facts.unknown++;
      continue;
    }
    facts.expected++;
    if (status === 'idle') facts.idle.push(key);
    else if (status === 'starting') facts.starting++;
    else facts.busy++;
    if (status === 'stuck') facts.stuck++;
  }
  return stages;
}
