/** Queues and their broker: each figure with where it came from and when it was true. Times are Unix milliseconds. */

import type { FailureReason } from './failure-reason.js';

/** The ways into a broker, best first: a fact that several tell is taken from the first of them. */
export const BROKER_WAYS = ['amqp', 'metrics', 'management'] as const;
export type BrokerWay = (typeof BROKER_WAYS)[number];

export interface Figure {
  readonly value: number;
  readonly via: BrokerWay;
  /** The figure was true at this time or later: the broker tells what is up to some seconds old. */
  readonly atMs: number;
}

export const DEPTH_FACTS = ['ready', 'unacked', 'consumers'] as const;
export type DepthFact = (typeof DEPTH_FACTS)[number];

export const COUNTER_FACTS = ['published', 'acked', 'redelivered'] as const;
export type CounterFact = (typeof COUNTER_FACTS)[number];

/**
 * `dead_letter`: what other queues give up. `delay`: messages wait there for their time. `event`: broadcasts to whoever
 * listens. `reply`: answers to one client. `temporary`: gone with its client. `stream`: keeps what was read.
 */
export const QUEUE_KINDS = ['work', 'dead_letter', 'delay', 'event', 'reply', 'temporary', 'stream'] as const;
export type QueueKind = (typeof QUEUE_KINDS)[number];

export type QueueType = 'classic' | 'quorum' | 'stream';
/** `missing`: a stage's queue that the broker does not have (any more). `locked`: exclusive to another connection. */
export type QueueStatus = 'present' | 'missing' | 'locked';

/** `late`: consumers ack each message themselves; `none`: it counts as acked when it is delivered; `mixed`: some of each. */
export type AckMode = 'late' | 'none' | 'mixed';

/** Two ways tell different values of one fact, by more than the age of their data explains. */
export interface Disagreement {
  readonly fact: DepthFact;
  readonly figures: readonly Figure[];
}

/**
 * Depths are as the broker told them last. Counters start at what the broker counted before the daemon saw the queue,
 * and never fall: when the broker starts its own again, counting goes on from where it was.
 */
export interface Queue
  extends Readonly<Partial<Record<DepthFact, Figure>>>,
    Readonly<Partial<Record<CounterFact, Figure>>> {
  readonly vhost: string;
  readonly name: string;
  /** The stage whose queue it is, by the configuration or as its workers say. */
  readonly stage?: string;
  readonly status: QueueStatus;
  readonly type?: QueueType;
  /** What it is for, and why that is thought. */
  readonly kind: QueueKind;
  readonly kindReason: string;
  /** Of one that takes dead letters: the queues that they come from, where declarations tell. */
  readonly deadLettersFrom: readonly string[];
  /** It was seen with a consumer since the daemon's start. */
  readonly wasServed: boolean;
  /** By the queue's argument or policy; else the broker's holds. */
  readonly consumerTimeoutMs?: number;
  /** As the deliveries tell that were counted; absent where nobody tells, or there was none. */
  readonly ackMode?: { readonly mode: AckMode; readonly atMs: number };
  /** So many redeliveries drop a message or dead-letter it; absent where no argument or policy says so. */
  readonly deliveryLimit?: number;
  /** The last time that no message was held by a consumer: at some time between the two. */
  readonly unheld?: { readonly fromMs: number; readonly toMs: number };
  /** When `acked` rose last, as far as was seen; absent until it did. */
  readonly ackedRoseAtMs?: number;
  /** Empty while all ways agree. */
  readonly disagreements: readonly Disagreement[];
  /** The oldest of its depths was true then; for a missing or locked queue, when that was told. */
  readonly dataAtMs: number;
}

export const BROKER_ALARMS = ['memory', 'disk'] as const;
export type BrokerAlarm = (typeof BROKER_ALARMS)[number];

/** How one way into the broker fares. */
export interface WayHealth {
  readonly via: BrokerWay;
  readonly target: string;
  readonly isUp: boolean;
  readonly reason?: FailureReason;
  /** In words; while it is up, why what it tells is not the whole. */
  readonly problem?: string;
  readonly lastSuccessAtMs?: number;
}

export interface Broker {
  readonly vhost: string;
  readonly version?: string;
  /** Ports that it listens on for clients; absent: nobody has told. */
  readonly amqpPorts?: readonly number[];
  /** The port by which stagewatch itself reaches it, which may be mapped; absent without AMQP. */
  readonly amqpUrlPort?: number;
  /** Absent: nobody has told, for want of the management API. */
  readonly alarms?: Readonly<Record<BrokerAlarm, boolean>>;
  readonly alarmsAtMs?: number;
  /** As configured: the broker does not tell. */
  readonly consumerTimeoutMs: number;
  readonly ways: readonly WayHealth[];
  /** Queues that `max_queues` has left out; 0 as a rule. */
  readonly leftOutCount: number;
}

export function queueKey(vhost: string, name: string): string {
  return `${vhost}/${name}`;
}
