/** Decides what becomes of the message of a job whose worker is lost: gone for good, delivered again, or not known. */

import { counted } from '../lib/counted.js';
import { formatDuration } from '../lib/duration.js';
import type { SourceHealth } from './model.js';
import type { Broker, Queue } from './queue-model.js';

export interface LostMessage {
  readonly startedAtMs: number;
  readonly lostAtMs: number;
  /** How often the document was lost with a worker at this stage, this time included. */
  readonly losses: number;
  /** The last time before the loss at which no consumer of the queue held a message. */
  readonly unheld?: Queue['unheld'];
  /** Within this time after the loss a consumer must have taken it; absent: nobody knows. */
  readonly neededMs?: number;
  /** Of the time since the loss: for how long the broker was away, so that no consumer could take it. */
  readonly awayMs?: number;
}

export interface MessageFacts {
  /** Of the stage; undefined: it has none, or the broker does not tell of it. */
  readonly queue: Queue | undefined;
  /** Messages wait in a queue that gives them back to work later. */
  readonly isAnyDelayed?: boolean;
  readonly broker: Broker | undefined;
  /** Of the broker; undefined: it is not watched. */
  readonly health: SourceHealth | undefined;
  /** As configured for the stage; null: as the broker tells. */
  readonly isRedelivered: boolean | null;
  readonly nowMs: number;
}

export type GoneReason =
  | 'set'
  | 'auto_ack'
  | 'acked_before'
  | 'delivery_limit'
  | 'not_in_queue'
  | 'not_taken';
export const UNKNOWN_FATES = [
  'broker_not_watched',
  'broker_unreadable',
  'queue_unknown',
  'figures_too_old',
  'ack_mode_unknown',
] as const;
export type UnknownFate = (typeof UNKNOWN_FATES)[number];

export type MessageFate =
  | { readonly kind: 'gone'; readonly reason: GoneReason; readonly text: string }
  | { readonly kind: 'returns'; readonly text: string }
  | { readonly kind: 'unknown'; readonly reason: UnknownFate; readonly text: string };

/** The worker's, the broker's and our clock. */
const SLACK_MS = 2000;
/** Of quorum queues from RabbitMQ 4.0 on, where neither argument nor policy says otherwise. */
const DEFAULT_DELIVERY_LIMIT = 20;
const WITH_DEFAULT_LIMIT = /^([4-9]|\d\d)\./;

export function judgeMessage(message: LostMessage, facts: MessageFacts): MessageFate {
  const { queue, health, isRedelivered } = facts;
  if (isRedelivered === false)
    return gone('set', 'stages[].redelivers says that its message is lost with it');
  if (!health) {
    return isRedelivered ? returns() : unknown('broker_not_watched', 'no rabbitmq URL is set');
  }
  if (!health.isUp) return unknown('broker_unreadable', health.problem ?? 'the broker was not read yet');
  if (!queue || queue.status === 'missing') {
    return isRedelivered ? returns() : unknown('queue_unknown', 'no queue of its stage is known');
  }
  return judgeInQueue(message, queue, facts);
}

function judgeInQueue(message: LostMessage, queue: Queue, facts: MessageFacts): MessageFate {
  const { startedAtMs, lostAtMs, losses, unheld } = message;
  const { name, ackMode, acked } = queue;
  if (facts.isRedelivered === null) {
    if (!ackMode) {
      return unknown('ack_mode_unknown', `the broker does not tell how consumers of ${name} ack`);
    }
    // A consumer that came since may ack otherwise.
    if (ackMode.atMs <= startedAtMs) {
      return unknown('figures_too_old', `what the broker tells of ${name} is older than the job`);
    }
    if (ackMode.mode === 'mixed') {
      return unknown('ack_mode_unknown', `some consumers of ${name} ack, and some do not`);
    }
    if (ackMode.mode === 'none')
      return gone('auto_ack', `${name} takes messages for done when they are delivered`);
  }
  const wasHeldByNobody =
    unheld !== undefined && unheld.fromMs > startedAtMs + SLACK_MS && unheld.toMs < lostAtMs;
  if (wasHeldByNobody && (acked?.value ?? 0) > 0) {
    return gone('acked_before', `its worker had acked it: no message of ${name} was unacked while it worked`);
  }
  // What a queue gave up, or a worker put off, may be in there.
  if (facts.isAnyDelayed) {
    const text = `its message may wait in a queue of delayed messages, and come back to queue ${name}`;
    return { kind: 'returns', text };
  }
  const limit = deliveryLimit(queue, facts.broker);
  if (limit !== undefined && losses > limit) {
    return gone('delivery_limit', `${name} gives a message up after ${counted(limit, 'redelivery')}`);
  }
  if (isEmptySince(queue, lostAtMs)) {
    return gone('not_in_queue', `${name} is empty, and no consumer holds a message of it`);
  }
  const { neededMs, awayMs = 0 } = message;
  if (neededMs !== undefined && facts.nowMs - lostAtMs - awayMs > neededMs) {
    return gone(
      'not_taken',
      `no worker took it from ${name} within ${formatDuration(neededMs)}, as the stage needs`,
    );
  }
  return returns(name);
}

function deliveryLimit({ type, deliveryLimit: set }: Queue, broker: Broker | undefined): number | undefined {
  if (type !== 'quorum') return undefined;
  if (set !== undefined) return set < 0 ? undefined : set;
  return WITH_DEFAULT_LIMIT.test(broker?.version ?? '') ? DEFAULT_DELIVERY_LIMIT : undefined;
}

/** Also no longer in the hands of the consumer that died: the broker notices that within moments. */
function isEmptySince({ ready, unacked }: Queue, lostAtMs: number): boolean {
  if (ready?.value !== 0 || unacked?.value !== 0) return false;
  return Math.min(ready.atMs, unacked.atMs) > lostAtMs + SLACK_MS;
}

function gone(reason: GoneReason, text: string): MessageFate {
  return { kind: 'gone', reason, text };
}

function returns(queue?: string): MessageFate {
  const where = queue === undefined ? 'its queue' : `queue ${queue}`;
  return { kind: 'returns', text: `its message goes back to ${where} and will be delivered again` };
}

function unknown(reason: UnknownFate, text: string): MessageFate {
  return { kind: 'unknown', reason, text };
}
