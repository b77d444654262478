/** The page of a broker's Prometheus plugin at /metrics/detailed, as RabbitMQ 3.12 writes it; pure. */

import type { QueueReading } from '../../../fleet/queue-observations.js';

/** Since this version deliveries are counted by queue. */
export const BROKER_VERSION = '3.12.0';

interface Metric {
  readonly family: string;
  readonly name: string;
  readonly type: 'gauge' | 'counter';
  readonly help: string;
  value(queue: QueueReading): number;
}

const METRICS: readonly Metric[] = [
  {
    family: 'queue_coarse_metrics',
    name: 'queue_messages_ready',
    type: 'gauge',
    help: 'Messages ready to be delivered to consumers',
    value: ({ ready = 0 }) => ready,
  },
  {
    family: 'queue_coarse_metrics',
    name: 'queue_messages_unacked',
    type: 'gauge',
    help: 'Messages delivered to consumers but not yet acknowledged',
    value: ({ unacked = 0 }) => unacked,
  },
  {
    family: 'queue_coarse_metrics',
    name: 'queue_messages',
    type: 'gauge',
    help: 'Sum of ready and unacknowledged messages - total queue depth',
    value: ({ ready = 0, unacked = 0 }) => ready + unacked,
  },
  {
    family: 'queue_consumer_count',
    name: 'queue_consumers',
    type: 'gauge',
    help: 'Consumers on a queue',
    value: ({ consumers = 0 }) => consumers,
  },
  {
    family: 'queue_delivery_metrics',
    name: 'queue_messages_redelivered_total',
    type: 'counter',
    help: 'Total number of messages redelivered from a queue to consumers',
    value: ({ redelivered = 0 }) => redelivered,
  },
  {
    family: 'queue_delivery_metrics',
    name: 'queue_messages_acked_total',
    type: 'counter',
    help: 'Total number of messages acknowledged by consumers on a queue',
    value: ({ acked = 0 }) => acked,
  },
  {
    family: 'queue_delivery_metrics',
    name: 'queue_messages_delivered_ack_total',
    type: 'counter',
    help: 'Total number of messages delivered to consumers in manual acknowledgement mode',
    value: ({ deliveredForAck = 0 }) => deliveredForAck,
  },
];

const BUILD_INFO = `# TYPE rabbitmq_build_info untyped
# HELP rabbitmq_build_info RabbitMQ & Erlang/OTP version info
rabbitmq_build_info{rabbitmq_version="${BROKER_VERSION}",prometheus_plugin_version="${BROKER_VERSION}",prometheus_client_version="4.11.0",erlang_version="26.2.5"} 1
`;

const PREFIX = 'rabbitmq_detailed_';

/** `families`: those asked for; others of the real plugin are known to nobody here and left out. */
export function renderDetailed(
  queues: readonly QueueReading[],
  families: ReadonlySet<string>,
  vhost: string,
): string {
  const lines: string[] = [];
  for (const { family, name, type, help, value } of METRICS) {
    if (!families.has(family)) continue;
    lines.push(`# TYPE ${PREFIX}${name} ${type}`, `# HELP ${PREFIX}${name} ${help}`);
    for (const queue of queues) {
      lines.push(`${PREFIX}${name}{vhost="${vhost}",queue="${queue.name}"} ${value(queue)}`);
    }
  }
  if (families.has('queue_exchange_metrics')) lines.push(...renderPublished(queues, vhost));
  return `${lines.join('\n')}\n${BUILD_INFO}`;
}

/** Everything is published to the default exchange, whose name is empty. */
function renderPublished(queues: readonly QueueReading[], vhost: string): readonly string[] {
  const name = `${PREFIX}queue_exchange_messages_published_total`;
  return [
    `# TYPE ${name} counter`,
    `# HELP ${name} Total number of messages published to queues through exchanges`,
    ...queues.map(
      ({ name: queue, published = 0 }) =>
        `${name}{queue_vhost="${vhost}",queue="${queue}",exchange_vhost="${vhost}",exchange=""} ${published}`,
    ),
  ];
}
