/** Keeps the queues and the broker of the picture; a queue that nobody tells of any more is gone at once. */

import { isSameData } from '../lib/same-data.js';
import type { DeadLetterBinding } from './dead-letter-routes.js';
import { detachCount, pauseCount, type QueueCounter } from './queue-counter.js';
import { describeQueue, foldRead, NEW_ENTRY, type QueueEntry, statusOf, type Told } from './queue-entry.js';
import { BROKER_WAYS, type Broker, type Queue, queueKey } from './queue-model.js';
import { tellNatures } from './queue-natures.js';
import type { BrokerRead, QueueObservation, WayReading } from './queue-observations.js';
import type { StageQueue } from './told-queues.js';

type QueuesServed = Extract<QueueObservation, { kind: 'queues-served' }>;

export interface QueueRegistry {
  readonly queues: ReadonlyMap<string, Queue>;
  readonly broker: () => Broker | undefined;
  applyRead(read: BrokerRead): void;
  /** They had a consumer in a daemon run before. */
  applyServed(served: QueuesServed): void;
  /** Which stage's queue is which may have changed. */
  relabel(stages: Iterable<StageQueue>): void;
  /** The broker is watched no longer; its counts go on if it is again. */
  clear(): void;
}

/** What is kept of a queue that vanished. */
type Retired = Pick<QueueEntry, 'counters' | 'wasServed'>;

/** Alarms that nobody has confirmed for so long are unknown. */
const STALE_ALARMS_MS = 60_000;
/**
 * Queues whose counts are remembered after they vanished: a starting broker lists some of its queues late, and a reload
 * forgets all of them.
 */
const MAX_RETIRED = 10_000;

export function createQueueRegistry(): QueueRegistry {
  /** By name: a broker is watched in one vhost. */
  const entries = new Map<string, QueueEntry>();
  let bindings: readonly DeadLetterBinding[] = [];
  const queues = new Map<string, Queue>();
  const retired = new Map<string, Retired>();
  let stageOfQueue: ReadonlyMap<string, string> = new Map();
  let broker: Broker | undefined;
  /** Of the broker that was watched before. */
  let targetsBefore: string | undefined;

  function applyRead(read: BrokerRead): void {
    if (broker === undefined) recount(targetsOf(read));
    broker = describeBroker(broker, read);
    const readings = read.readings.toSorted((one, other) => rank(one) - rank(other));
    // A broker that is down tells nothing of its queues; what was known stays, with its time.
    if (readings.length === 0) return;
    const toldByName = collect(readings, read.atMs);
    const list = readings.find(({ isComplete }) => isComplete);
    for (const { name } of queues.values()) {
      if (toldByName.has(name)) continue;
      if (list === undefined) toldByName.set(name, []);
      // Of a stage's queue that was there its workers may still take their jobs: it is missed, not forgotten.
      else if (stageOfQueue.has(name) && read.leftOutCount === 0) {
        toldByName.set(name, [missingFrom(list, name, read.atMs)]);
      } else forget(read.vhost, name);
    }
    for (const [name, told] of toldByName) applyTold({ vhost: read.vhost, name }, told, read.atMs);
    bindings = readings.find((one) => one.deadLetterBindings)?.deadLetterBindings ?? bindings;
    describeAll(read.vhost);
  }

  function applyTold({ vhost, name }: { vhost: string; name: string }, told: readonly Told[], atMs: number) {
    const key = queueKey(vhost, name);
    const entry = foldRead(entries.get(name) ?? reviveOrNew(key), told, atMs);
    if (entry === undefined || (!stageOfQueue.has(name) && statusOf(entry.told) === 'missing')) {
      forget(vhost, name);
      return;
    }
    retired.delete(key);
    entries.set(name, entry);
  }

  function describeAll(vhost: string): void {
    const natures = tellNatures({ entries, stageOf: (name) => stageOfQueue.get(name), bindings });
    for (const [name, entry] of entries) {
      const nature = natures.get(name);
      const stage = stageOfQueue.get(name);
      if (nature) queues.set(queueKey(vhost, name), describeQueue(entry, { vhost, name, stage, nature }));
    }
  }

  function reviveOrNew(key: string): QueueEntry {
    return { ...NEW_ENTRY, ...retired.get(key) };
  }

  function recount(targets: string): void {
    if (targetsBefore === undefined || targets === targetsBefore) return;
    for (const [key, one] of retired) {
      retired.set(key, { ...one, counters: mapCounters(one.counters, detachCount) });
    }
  }

  function forget(vhost: string, name: string): void {
    const key = queueKey(vhost, name);
    const entry = entries.get(name);
    if (entry) retired.set(key, { counters: entry.counters, wasServed: entry.wasServed });
    if (retired.size > MAX_RETIRED) retired.delete(retired.keys().next().value ?? '');
    entries.delete(name);
    queues.delete(key);
  }

  return {
    queues,
    broker: () => broker,
    applyRead,
    applyServed({ vhost, names }) {
      for (const name of names) {
        const entry = entries.get(name);
        const key = queueKey(vhost, name);
        const { counters } = retired.get(key) ?? NEW_ENTRY;
        if (entry) entries.set(name, { ...entry, wasServed: true });
        else retired.set(key, { counters, wasServed: true });
      }
    },
    relabel(stages) {
      const next = mapStages(stages);
      if (isSameData([...stageOfQueue], [...next])) return;
      stageOfQueue = next;
      if (broker) describeAll(broker.vhost);
    },
    clear() {
      if (broker) targetsBefore = targetsOf(broker);
      for (const name of [...entries.keys()]) forget(broker?.vhost ?? '', name);
      bindings = [];
      for (const [key, one] of retired) {
        retired.set(key, { ...one, counters: mapCounters(one.counters, pauseCount) });
      }
      broker = undefined;
    },
  };
}

function targetsOf({ ways }: Pick<Broker, 'ways'>): string {
  return ways.map(({ target }) => target).join(' ');
}

function mapCounters(
  { published, acked, redelivered }: QueueEntry['counters'],
  change: (counter: QueueCounter) => QueueCounter,
): QueueEntry['counters'] {
  return { published: change(published), acked: change(acked), redelivered: change(redelivered) };
}

function rank({ via }: WayReading): number {
  return BROKER_WAYS.indexOf(via);
}

function missingFrom({ via, atMs }: WayReading, name: string, readAtMs: number): Told {
  return { via, atMs, readAtMs, reading: { name, status: 'missing' } };
}

function collect(readings: readonly WayReading[], readAtMs: number): Map<string, Told[]> {
  const toldByName = new Map<string, Told[]>();
  for (const { via, atMs, queues } of readings) {
    for (const reading of queues) {
      const told = toldByName.get(reading.name);
      const item = { via, atMs: reading.atMs ?? atMs, readAtMs, reading };
      if (told) told.push(item);
      else toldByName.set(reading.name, [item]);
    }
  }
  return toldByName;
}

/** Where stages share a queue it is labelled with the first of them. */
function mapStages(stages: Iterable<StageQueue>): ReadonlyMap<string, string> {
  const stageOfQueue = new Map<string, string>();
  for (const { id, queue } of stages) {
    if (queue !== undefined && !stageOfQueue.has(queue)) stageOfQueue.set(queue, id);
  }
  return stageOfQueue;
}

function describeBroker(before: Broker | undefined, read: BrokerRead): Broker {
  const amqpPorts = read.readings.find((reading) => reading.amqpPorts)?.amqpPorts ?? before?.amqpPorts;
  const version = read.readings.find((reading) => reading.version !== undefined)?.version ?? before?.version;
  const teller = read.readings.find(({ alarms }) => alarms !== undefined);
  const alarms = teller?.alarms ?? before?.alarms;
  const alarmsAtMs = teller?.alarmsAtMs ?? before?.alarmsAtMs;
  const isKnown = alarms && alarmsAtMs !== undefined && read.atMs - alarmsAtMs <= STALE_ALARMS_MS;
  return {
    vhost: read.vhost,
    ...(version !== undefined && { version }),
    ...(amqpPorts && { amqpPorts }),
    ...(read.amqpUrlPort !== undefined && { amqpUrlPort: read.amqpUrlPort }),
    ...(isKnown && { alarms, alarmsAtMs }),
    consumerTimeoutMs: read.consumerTimeoutMs,
    ways: read.ways,
    leftOutCount: read.leftOutCount,
  };
}
