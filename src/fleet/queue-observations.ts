/** What the RabbitMQ source can say. Times are Unix milliseconds. */

import type { ClientsReading } from './client-model.js';
import type { DeadLetterBinding } from './dead-letter-routes.js';
import type { FailureReason } from './failure-reason.js';
import type { QueueTraits } from './queue-kind.js';
import type {
  BrokerAlarm,
  BrokerWay,
  CounterFact,
  DepthFact,
  QueueStatus,
  QueueType,
  WayHealth,
} from './queue-model.js';

/** One queue as one way tells of it. */
export interface QueueReading
  extends Readonly<Partial<Record<DepthFact, number>>>,
    Readonly<Partial<Record<CounterFact, number>>> {
  readonly name: string;
  readonly status: QueueStatus;
  readonly type?: QueueType;
  readonly consumerTimeoutMs?: number;
  /** How it was declared; absent where the interface does not tell. */
  readonly traits?: QueueTraits;
  /** Where it is not of the time of the whole reading. */
  readonly atMs?: number;
  /** Deliveries since the queue or the broker was started, by whether they ask for an ack. */
  readonly deliveredForAck?: number;
  readonly deliveredAcked?: number;
  /** By argument or policy; negative: none. */
  readonly deliveryLimit?: number;
}

/** What one way told in one read. */
export interface WayReading {
  readonly via: BrokerWay;
  /** What it tells was true then or later. */
  readonly atMs: number;
  /** It tells of every queue there is: a queue that it leaves out is not there. */
  readonly isComplete: boolean;
  readonly queues: readonly QueueReading[];
  readonly version?: string;
  /** Ports that the broker listens on for clients; absent where the interface does not tell. */
  readonly amqpPorts?: readonly number[];
  readonly alarms?: Readonly<Record<BrokerAlarm, boolean>>;
  /** When `alarms` were asked for: unlike figures, they are told as they are. Set with them. */
  readonly alarmsAtMs?: number;
  /** All bindings of exchanges that dead letters go to. */
  readonly deadLetterBindings?: readonly DeadLetterBinding[];
  /** Who uses the broker; absent where the interface does not tell. */
  readonly clients?: ClientsReading;
  /** Why what it tells is not the whole, and what cures that. */
  readonly caveat?: { readonly reason: FailureReason; readonly problem: string };
}

/** One read of the broker, by every way that answered; none has when it is down. */
export interface BrokerRead {
  readonly kind: 'broker-read';
  readonly atMs: number;
  readonly vhost: string;
  readonly readings: readonly WayReading[];
  readonly ways: readonly WayHealth[];
  readonly consumerTimeoutMs: number;
  /** The port of `rabbitmq.amqp_url`. */
  readonly amqpUrlPort?: number;
  readonly leftOutCount: number;
}

export type QueueObservation =
  | BrokerRead
  /** Queues that had a consumer in a daemon run before. */
  | { readonly kind: 'queues-served'; readonly vhost: string; readonly names: readonly string[] };
