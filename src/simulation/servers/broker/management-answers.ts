/** The answers of a broker's management API about queues, nodes and itself; pure. */

import type { QueueReading } from '../../../fleet/queue-observations.js';
import { BROKER_VERSION } from './detailed-page.js';

/** By path below `/api`; undefined: there is no such thing. `isThin`: the broker is too busy to collect what queues tell. */
export function answerManagement(path: string, queues: readonly QueueReading[], isThin = false): unknown {
  switch (path) {
    case '/overview':
      return {
        management_version: BROKER_VERSION,
        rabbitmq_version: BROKER_VERSION,
        cluster_name: 'rabbit@demo',
        erlang_version: '26.2.5',
        queue_totals: sumUp(queues),
        object_totals: { queues: queues.length, consumers: sum(queues, 'consumers') },
        node: 'rabbit@demo',
      };
    case '/nodes':
      return [{ name: 'rabbit@demo', running: true, mem_alarm: false, disk_free_alarm: false }];
    case '/queues':
    case '/queues/%2F':
      return queues.map((queue) => (isThin ? declarationOf(queue) : describeQueue(queue)));
    case '/channels':
      return { items: [], page: 1, page_count: 1, page_size: 500, item_count: 0, filtered_count: 0 };
    case '/vhosts/%2F/connections':
    case '/consumers/%2F':
      return [];
    default:
      return undefined;
  }
}

function declarationOf({ name, type = 'classic' }: QueueReading) {
  return { name, vhost: '/', type, durable: true, auto_delete: false, exclusive: false, arguments: {} };
}

function describeQueue(queue: QueueReading) {
  const { ready = 0, unacked = 0, consumers = 0, published = 0, acked = 0 } = queue;
  const { redelivered = 0, deliveredForAck = 0 } = queue;
  return {
    ...declarationOf(queue),
    effective_policy_definition: {},
    node: 'rabbit@demo',
    state: 'running',
    messages: ready + unacked,
    messages_ready: ready,
    messages_unacknowledged: unacked,
    consumers,
    message_stats: { publish: published, ack: acked, redeliver: redelivered, deliver: deliveredForAck },
  };
}

function sum(queues: readonly QueueReading[], key: 'ready' | 'unacked' | 'consumers'): number {
  return queues.reduce((total, queue) => total + (queue[key] ?? 0), 0);
}

function sumUp(queues: readonly QueueReading[]) {
  const [ready, unacked] = [sum(queues, 'ready'), sum(queues, 'unacked')];
  return { messages: ready + unacked, messages_ready: ready, messages_unacknowledged: unacked };
}

/** Leaves of each answer what `columns=name,message_stats.ack` asks for. */
export function pickColumns(answer: unknown, columns: string | null): unknown {
  if (columns === null) return answer;
  if (Array.isArray(answer)) return answer.map((entry: unknown) => pickColumns(entry, columns));
  if (typeof answer !== 'object' || answer === null) return answer;
  // Of a page the columns are those of its entries.
  if ('items' in answer) return { ...answer, items: pickColumns(answer.items, columns) };
  const picked: Record<string, unknown> = {};
  for (const column of columns.split(',')) {
    const [key = '', ...rest] = column.split('.');
    const value: unknown = (answer as Record<string, unknown>)[key];
    if (value === undefined) continue;
    if (rest.length === 0) picked[key] = value;
    else picked[key] = { ...(picked[key] as object), ...(pickColumns(value, rest.join('.')) as object) };
  }
  return picked;
}
