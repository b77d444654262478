/** Takes queues, alarms and version out of the management API's answers, trusting nothing. */

import { z } from 'zod';
import type { QueueTraits } from '../../fleet/queue-kind.js';
import type { BrokerAlarm, QueueType } from '../../fleet/queue-model.js';
import type { QueueReading } from '../../fleet/queue-observations.js';
import { boundText } from '../../lib/bound-text.js';
import { atOnce, inTurns, type SlicedWork } from '../../lib/in-turns.js';
import { SourceError } from '../source-error.js';
import { MAX_QUEUE_NAME } from './queue-name.js';

/** The columns that are asked for; the broker leaves out the rest. */
export const QUEUE_COLUMNS = [
  'name',
  'type',
  'messages_ready',
  'messages_unacknowledged',
  'consumers',
  'message_stats.publish',
  'message_stats.ack',
  'message_stats.redeliver',
  'message_stats.deliver',
  'message_stats.deliver_no_ack',
  'arguments',
  'exclusive',
  'auto_delete',
  'effective_policy_definition',
].join(',');

const count = z.number().int().min(0).optional().catch(undefined);
/** An empty object comes as an empty list from older brokers. */
const definition = z.record(z.string(), z.unknown()).catch({}).optional();

const queueSchema = z.object({
  name: z.string().min(1),
  type: z.string().optional().catch(undefined),
  messages_ready: count,
  messages_unacknowledged: count,
  consumers: count,
  message_stats: z
    .object({ publish: count, ack: count, redeliver: count, deliver: count, deliver_no_ack: count })
    .optional()
    .catch(undefined),
  arguments: definition,
  exclusive: z.boolean().optional().catch(undefined),
  auto_delete: z.boolean().optional().catch(undefined),
  effective_policy_definition: definition,
});

export interface ParsedQueues {
  readonly queues: readonly QueueReading[];
  /** How many entries were left out for their shape. */
  readonly brokenCount: number;
}

/** Some 5 ms. */
const SLICE_QUEUES = 1000;

/** An entry of an unexpected shape is left out and counted; an answer that is no list throws SourceError. */
export function parseQueues(text: string): ParsedQueues {
  return atOnce(scanQueues(text));
}

/** The same, in slices between which others get their turn. */
export function parseQueuesInTurns(text: string): Promise<ParsedQueues> {
  return inTurns(scanQueues(text));
}

function* scanQueues(text: string): SlicedWork<ParsedQueues> {
  const answer = parseJson(text, 'the list of queues');
  if (!Array.isArray(answer))
    throw new SourceError('protocol', 'the management list of queues is not a list');
  const queues: QueueReading[] = [];
  let brokenCount = 0;
  for (const [index, entry] of answer.entries()) {
    if (index % SLICE_QUEUES === SLICE_QUEUES - 1) yield;
    const result = queueSchema.safeParse(entry);
    if (result.success) queues.push(toReading(result.data));
    else brokenCount++;
  }
  return { queues, brokenCount };
}

function toReading(queue: z.output<typeof queueSchema>): QueueReading {
  const type = parseType(queue.type);
  const consumerTimeoutMs = consumerTimeout(queue);
  const deliveryLimit = smallestOf(queue, 'x-delivery-limit', 'delivery-limit');
  return {
    name: boundText(queue.name, MAX_QUEUE_NAME),
    status: 'present',
    ...(type !== undefined && { type }),
    ...(queue.messages_ready !== undefined && { ready: queue.messages_ready }),
    ...(queue.messages_unacknowledged !== undefined && { unacked: queue.messages_unacknowledged }),
    ...(queue.consumers !== undefined && { consumers: queue.consumers }),
    ...countsOf(queue.message_stats),
    ...(consumerTimeoutMs !== undefined && { consumerTimeoutMs }),
    ...(deliveryLimit !== undefined && { deliveryLimit }),
    traits: traitsOf(queue),
  };
}

/** An argument of the queue holds before its policy, but of two times the smaller. */
function traitsOf(queue: z.output<typeof queueSchema>): QueueTraits {
  const given = queue.arguments ?? {};
  const policy = queue.effective_policy_definition ?? {};
  const text = (name: string): string | undefined => {
    const value = given[`x-${name}`] ?? policy[name];
    return typeof value === 'string' ? value : undefined;
  };
  const least = (name: string): number | undefined => {
    const times = [given[`x-${name}`], policy[name]].filter((time) => typeof time === 'number');
    return times.length === 0 ? undefined : Math.min(...times);
  };
  const deadLetterExchange = text('dead-letter-exchange');
  const deadLetterRoutingKey = text('dead-letter-routing-key');
  const messageTtlMs = least('message-ttl');
  const expiresMs = least('expires');
  return {
    ...(queue.exclusive !== undefined && { isExclusive: queue.exclusive }),
    ...(queue.auto_delete !== undefined && { isAutoDelete: queue.auto_delete }),
    ...(messageTtlMs !== undefined && { messageTtlMs }),
    ...(expiresMs !== undefined && { expiresMs }),
    ...(deadLetterExchange !== undefined && { deadLetterExchange }),
    ...(deadLetterRoutingKey !== undefined && { deadLetterRoutingKey }),
  };
}

/**
 * What is absent was not read: an answer without `message_stats` is that of a queue without traffic, and also that of a
 * broker that is busy, has just started, or keeps no statistics.
 */
function countsOf(
  stats: z.output<typeof queueSchema>['message_stats'],
): Pick<QueueReading, 'published' | 'acked' | 'redelivered' | 'deliveredForAck' | 'deliveredAcked'> {
  const { publish, ack, redeliver, deliver, deliver_no_ack: deliverNoAck } = stats ?? {};
  return {
    ...(publish !== undefined && { published: publish }),
    ...(ack !== undefined && { acked: ack }),
    ...(redeliver !== undefined && { redelivered: redeliver }),
    ...(deliver !== undefined && { deliveredForAck: deliver }),
    ...(deliverNoAck !== undefined && { deliveredAcked: deliverNoAck }),
  };
}

function parseType(word: string | undefined): QueueType | undefined {
  const types: readonly QueueType[] = ['classic', 'quorum', 'stream'];
  return types.find((type) => type === word || word === `rabbit_${type}_queue`);
}

function consumerTimeout(queue: z.output<typeof queueSchema>): number | undefined {
  const limit = smallestOf(queue, 'x-consumer-timeout', 'consumer-timeout');
  return limit !== undefined && limit > 0 ? limit : undefined;
}

/** Of argument and policy the smaller holds, as in the broker. */
function smallestOf(
  queue: z.output<typeof queueSchema>,
  argument: string,
  policy: string,
): number | undefined {
  const limits = [queue.arguments?.[argument], queue.effective_policy_definition?.[policy]].filter(
    (limit): limit is number => typeof limit === 'number',
  );
  return limits.length === 0 ? undefined : Math.min(...limits);
}

/** A node that has just started is listed before it tells of itself. */
const nodeSchema = z.object({ mem_alarm: z.boolean(), disk_free_alarm: z.boolean() });

/**
 * An alarm is on when it is on at any node: publishers of the whole cluster are blocked by it. Undefined while no node
 * tells.
 */
export function parseAlarms(text: string): Readonly<Record<BrokerAlarm, boolean>> | undefined {
  const answer = parseJson(text, 'the list of nodes');
  if (!Array.isArray(answer)) throw new SourceError('protocol', 'the management list of nodes is not a list');
  const nodes = answer.flatMap((entry) => nodeSchema.safeParse(entry).data ?? []);
  if (nodes.length === 0) return undefined;
  return {
    memory: nodes.some((node) => node.mem_alarm),
    disk: nodes.some((node) => node.disk_free_alarm),
  };
}

const overviewSchema = z.object({ rabbitmq_version: z.string().min(1).max(60) });
const listenersSchema = z.object({
  listeners: z.array(z.object({ protocol: z.string(), port: z.number().int().min(1).max(65_535) })),
});

export function parseVersion(text: string): string | undefined {
  const result = overviewSchema.safeParse(parseJson(text, 'the overview'));
  return result.success ? result.data.rabbitmq_version : undefined;
}

/** Undefined: the user may not see it, which takes the tag monitoring. */
export function parseAmqpPorts(text: string): readonly number[] | undefined {
  const { data } = listenersSchema.safeParse(parseJson(text, 'the overview'));
  const ports = (data?.listeners ?? []).flatMap(({ protocol, port }) =>
    protocol.startsWith('amqp') ? port : [],
  );
  return ports.length === 0 ? undefined : [...new Set(ports)];
}

function parseJson(text: string, what: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // The parser's words would quote the answer; what matters is whose answer it is.
    throw new SourceError(
      'protocol',
      `${what} is not JSON; check that rabbitmq.management_url is the management plugin`,
    );
  }
}
