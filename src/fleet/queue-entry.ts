/** Makes one queue out of what each way told of it: the best available for each fact, never an average. */

import { countOn, type QueueCounter, UNCOUNTED } from './queue-counter.js';
import { hearAll, isDisagreeing, NO_WITNESS, type Witness } from './queue-disagreement.js';
import type { PlacedNature, QueueTraits } from './queue-kind.js';
import {
  type BrokerWay,
  COUNTER_FACTS,
  type CounterFact,
  DEPTH_FACTS,
  type DepthFact,
  type Disagreement,
  type Figure,
  type Queue,
  type QueueStatus,
} from './queue-model.js';
import type { QueueReading } from './queue-observations.js';

/** One way's words on one queue. */
export interface Told {
  readonly via: BrokerWay;
  readonly atMs: number;
  /** Of the read in which it was told. */
  readonly readAtMs: number;
  readonly reading: QueueReading;
}

export interface QueueEntry {
  /** What each way told last, best way first. */
  readonly told: readonly Told[];
  readonly counters: Readonly<Record<CounterFact, QueueCounter>>;
  readonly witnesses: Readonly<Record<DepthFact, Witness>>;
  readonly unheld?: Queue['unheld'];
  /** As told last: what a queue was declared as outlasts the interface that told it. */
  readonly traits: QueueTraits;
  readonly wasServed: boolean;
}

const NO_WITNESSES = { ready: NO_WITNESS, unacked: NO_WITNESS, consumers: NO_WITNESS };

export const NEW_ENTRY: QueueEntry = {
  told: [],
  counters: { published: UNCOUNTED, acked: UNCOUNTED, redelivered: UNCOUNTED },
  witnesses: NO_WITNESSES,
  traits: {},
  wasServed: false,
};

/** What a way told that has not answered since counts for so long, and only where no other way answers. */
const STALE_TOLD_MS = 60_000;

/** Takes one read; undefined when nothing is known of the queue any more. */
export function foldRead(
  before: QueueEntry,
  told: readonly Told[],
  readAtMs: number,
): QueueEntry | undefined {
  const stale = before.told.filter(
    (old) => readAtMs - old.readAtMs <= STALE_TOLD_MS && !told.some(({ via }) => via === old.via),
  );
  const all = stale.length === 0 ? told : [...told, ...stale];
  if (all.length === 0) return undefined;
  const { published, acked, redelivered } = before.counters;
  const unheld = findUnheld(told) ?? before.unheld;
  const type = firstOf(all, 'type');
  return {
    told: all,
    ...(unheld && { unheld }),
    traits: { ...(firstOf(all, 'traits') ?? before.traits), ...(type !== undefined && { type }) },
    wasServed: before.wasServed || told.some(({ reading }) => (reading.consumers ?? 0) > 0),
    counters: {
      published: countOn(published, figuresOf(told, 'published'), readAtMs),
      acked: countOn(acked, figuresOf(told, 'acked'), readAtMs),
      redelivered: countOn(redelivered, figuresOf(told, 'redelivered'), readAtMs),
    },
    // One way alone has nobody to disagree with, and a missing queue nothing to disagree about.
    witnesses:
      all.length < 2 || statusOf(all) === 'missing' ? NO_WITNESSES : hearTold(before.witnesses, told),
  };
}

function findUnheld(told: readonly Told[]): Queue['unheld'] {
  const best = told.find(({ reading }) => reading.unacked !== undefined);
  return best?.reading.unacked === 0 ? { fromMs: best.atMs, toMs: best.readAtMs } : undefined;
}

function hearTold({ ready, unacked, consumers }: QueueEntry['witnesses'], told: readonly Told[]) {
  return {
    ready: hearAll(ready, figuresOf(told, 'ready')),
    unacked: hearAll(unacked, figuresOf(told, 'unacked')),
    consumers: hearAll(consumers, figuresOf(told, 'consumers')),
  };
}

function figuresOf(told: readonly Told[], fact: DepthFact | CounterFact): readonly Figure[] {
  const figures: Figure[] = [];
  for (const { via, atMs, reading } of told) {
    const value = reading[fact];
    if (value !== undefined) figures.push({ value, via, atMs });
  }
  return figures;
}

function bestFigure(told: readonly Told[], fact: DepthFact): Figure | undefined {
  for (const { via, atMs, reading } of told) {
    const value = reading[fact];
    if (value !== undefined) return { value, via, atMs };
  }
  return undefined;
}

/**
 * As the best way says, save that the metrics page of one node leaves out what other nodes of a cluster have: its
 * silence counts only where no other way tells.
 */
export function statusOf(told: readonly Told[]): QueueStatus {
  const best = told.find(({ via, reading }) => via !== 'metrics' || reading.status !== 'missing') ?? told[0];
  return best?.reading.status ?? 'present';
}

export interface QueuePlace {
  readonly vhost: string;
  readonly name: string;
  readonly stage: string | undefined;
  readonly nature: PlacedNature;
}

export function describeQueue(entry: QueueEntry, { vhost, name, stage, nature }: QueuePlace): Queue {
  const { told, counters, wasServed } = entry;
  const [best] = told;
  const status = statusOf(told);
  const { type } = entry.traits;
  const consumerTimeoutMs = firstOf(told, 'consumerTimeoutMs');
  const figures: Partial<Record<DepthFact | CounterFact, Figure>> = {};
  let dataAtMs = Number.POSITIVE_INFINITY;
  for (const fact of status === 'missing' ? [] : DEPTH_FACTS) {
    const figure = bestFigure(told, fact);
    if (figure === undefined) continue;
    figures[fact] = figure;
    dataAtMs = Math.min(dataAtMs, figure.atMs);
  }
  for (const fact of COUNTER_FACTS) {
    const { figure } = counters[fact];
    if (figure !== undefined) figures[fact] = figure;
  }
  const { roseAtMs } = counters.acked;
  return {
    vhost,
    name,
    status,
    ...figures,
    ...(stage !== undefined && { stage }),
    ...(type !== undefined && { type }),
    kind: nature.kind,
    kindReason: nature.reason,
    deadLettersFrom: nature.deadLettersFrom,
    wasServed,
    ...(consumerTimeoutMs !== undefined && { consumerTimeoutMs }),
    ...describeMessages(entry),
    ...(roseAtMs !== undefined && { ackedRoseAtMs: roseAtMs }),
    disagreements: disagreementsOf(entry),
    dataAtMs: Number.isFinite(dataAtMs) ? dataAtMs : (best?.atMs ?? 0),
  };
}

/** What becomes of a message whose consumer dies. */
function describeMessages({ told, unheld }: QueueEntry): Pick<Queue, 'ackMode' | 'deliveryLimit' | 'unheld'> {
  const ackMode = ackModeOf(told);
  const deliveryLimit = firstOf(told, 'deliveryLimit');
  return {
    ...(ackMode && { ackMode }),
    ...(deliveryLimit !== undefined && { deliveryLimit }),
    ...(unheld && { unheld }),
  };
}

/** Each way counts from its own beginning: all that tell are added up. */
function ackModeOf(told: readonly Told[]): Queue['ackMode'] {
  const tellers = told.filter(
    ({ reading }) => reading.deliveredForAck !== undefined || reading.deliveredAcked !== undefined,
  );
  const isLate = tellers.some(({ reading }) => (reading.deliveredForAck ?? 0) > 0);
  const isNone = tellers.some(({ reading }) => (reading.deliveredAcked ?? 0) > 0);
  if (!isLate && !isNone) return undefined;
  const mode = isLate && isNone ? 'mixed' : isLate ? 'late' : 'none';
  return { mode, atMs: Math.max(...tellers.map(({ atMs }) => atMs)) };
}

function firstOf<K extends 'type' | 'traits' | 'consumerTimeoutMs' | 'deliveryLimit'>(
  told: readonly Told[],
  key: K,
): QueueReading[K] | undefined {
  return told.find(({ reading }) => reading[key] !== undefined)?.reading[key];
}

const NO_DISAGREEMENTS: readonly Disagreement[] = [];

function disagreementsOf({ told, witnesses }: QueueEntry): readonly Disagreement[] {
  const facts = DEPTH_FACTS.filter((fact) => isDisagreeing(witnesses[fact]));
  if (facts.length === 0) return NO_DISAGREEMENTS;
  return facts.map((fact) => ({ fact, figures: figuresOf(told, fact) }));
}
