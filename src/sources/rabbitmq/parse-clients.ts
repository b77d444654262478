/** Takes channels, consumers and connections out of the management API's answers, trusting nothing. */

import { z } from 'zod';
import type { ChannelReading } from '../../fleet/client-model.js';
import { boundText } from '../../lib/bound-text.js';
import { SourceError } from '../source-error.js';
import { MAX_QUEUE_NAME } from './queue-name.js';

/** The columns that are asked for; the broker leaves out the rest. */
export const CHANNEL_COLUMNS = [
  'name',
  'vhost',
  'connection_details.name',
  'connection_details.peer_host',
  'connection_details.peer_port',
  'consumer_count',
  'global_prefetch_count',
  'messages_unacknowledged',
  'message_stats.ack',
  'message_stats.publish',
  'message_stats.redeliver',
].join(',');

export const CONSUMER_COLUMNS = ['queue.name', 'ack_required', 'prefetch_count', 'channel_details.name'].join(
  ',',
);

export const CONNECTION_COLUMNS = [
  'name',
  'connected_at',
  'client_properties.connection_name',
  'client_properties.product',
].join(',');

const MAX_NAME = 255;

const count = z.number().int().min(0).optional().catch(undefined);
const text = z
  .string()
  .min(1)
  .transform((value) => boundText(value, MAX_NAME))
  .optional()
  .catch(undefined);

const channelSchema = z.object({
  name: z.string().min(1).max(MAX_NAME),
  vhost: z.string(),
  /** An empty list while the channel's own statistics are not there yet. */
  connection_details: z.object({ name: z.string().min(1), peer_host: text, peer_port: count }),
  consumer_count: count,
  global_prefetch_count: count,
  messages_unacknowledged: count,
  message_stats: z.object({ ack: count, publish: count, redeliver: count }).optional().catch(undefined),
});

const pageSchema = z.object({ items: z.array(z.unknown()), page_count: z.number().int().min(0) });

export type ListedChannel = Omit<ChannelReading, 'consumes' | 'connectedAtMs' | 'clientName' | 'product'> & {
  readonly consumerCount: number;
};

/** Those of one vhost. An entry of an unexpected shape is left out: it is a channel that has just come or is about to go. */
export function parseChannels(
  answer: string,
  vhost: string,
): {
  readonly channels: readonly ListedChannel[];
  readonly pageCount: number;
} {
  const page = pageSchema.safeParse(parseJson(answer, 'the list of channels'));
  if (!page.success) throw new SourceError('protocol', 'the management list of channels is not a page');
  const channels = page.data.items.flatMap((entry): ListedChannel[] => {
    const { data } = channelSchema.safeParse(entry);
    return data?.vhost === vhost ? [describeChannel(data)] : [];
  });
  return { channels, pageCount: page.data.page_count };
}

function describeChannel(channel: z.output<typeof channelSchema>): ListedChannel {
  const { connection_details: connection, message_stats: stats } = channel;
  return {
    name: channel.name,
    connection: connection.name,
    consumerCount: channel.consumer_count ?? 0,
    ...(connection.peer_host !== undefined && { peerHost: connection.peer_host }),
    ...(connection.peer_port !== undefined && { peerPort: connection.peer_port }),
    ...(channel.global_prefetch_count && { globalPrefetch: channel.global_prefetch_count }),
    ...(channel.messages_unacknowledged !== undefined && { unacked: channel.messages_unacknowledged }),
    ...(stats?.ack !== undefined && { acked: stats.ack }),
    ...(stats?.publish !== undefined && { published: stats.publish }),
    ...(stats?.redeliver !== undefined && { redelivered: stats.redeliver }),
  };
}

const consumerSchema = z.object({
  queue: z.object({ name: z.string().min(1) }),
  channel_details: z.object({ name: z.string().min(1) }),
  ack_required: z.boolean(),
  prefetch_count: count,
});

export interface ListedConsumer {
  readonly channel: string;
  readonly queue: string;
  readonly isAckRequired: boolean;
  /** Absent where it is not told; 0: without limit. */
  readonly prefetch?: number;
}

export function parseConsumers(answer: string): readonly ListedConsumer[] {
  return parseList(answer, 'consumers').flatMap((entry): ListedConsumer[] => {
    const { data } = consumerSchema.safeParse(entry);
    if (!data) return [];
    return [
      {
        channel: data.channel_details.name,
        queue: boundText(data.queue.name, MAX_QUEUE_NAME),
        isAckRequired: data.ack_required,
        ...(data.prefetch_count !== undefined && { prefetch: data.prefetch_count }),
      },
    ];
  });
}

const connectionSchema = z.object({
  name: z.string().min(1),
  connected_at: count,
  client_properties: z.object({ connection_name: text, product: text }).optional().catch(undefined),
});

export interface ListedConnection {
  readonly name: string;
  /** By the broker's clock. */
  readonly connectedAtMs?: number;
  /** What the client calls its connection. */
  readonly clientName?: string;
  /** What the client's library calls itself: `py-amqp`, `Pika Python Client Library`. */
  readonly product?: string;
}

export function parseConnections(answer: string): readonly ListedConnection[] {
  return parseList(answer, 'connections').flatMap((entry): ListedConnection[] => {
    const { data } = connectionSchema.safeParse(entry);
    if (!data) return [];
    const { connection_name: clientName, product } = data.client_properties ?? {};
    return [
      {
        name: data.name,
        ...(data.connected_at !== undefined && { connectedAtMs: data.connected_at }),
        ...(clientName !== undefined && { clientName }),
        ...(product !== undefined && { product }),
      },
    ];
  });
}

function parseList(answer: string, what: string): readonly unknown[] {
  const list = parseJson(answer, `the list of ${what}`);
  if (!Array.isArray(list)) throw new SourceError('protocol', `the management list of ${what} is not a list`);
  return list;
}

function parseJson(answer: string, what: string): unknown {
  try {
    return JSON.parse(answer);
  } catch {
    throw new SourceError(
      'protocol',
      `${what} is not JSON; check that rabbitmq.management_url is the management plugin`,
    );
  }
}
