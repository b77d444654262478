/**
 * Asks the management API who uses the broker: each channel with its peer, what it consumes, what it holds unacked and how
 * often it acked and published.
 *
 * Channels are asked for at each read, by pages and with the columns that are needed alone. Who consumes what, and how a
 * client calls itself, is asked for again only when a channel is new, has another number of consumers, or a minute has passed.
 */

import type { ChannelReading, ClientsReading } from '../../fleet/client-model.js';
import type { Clock } from '../../lib/clock.js';
import {
  CHANNEL_COLUMNS,
  CONNECTION_COLUMNS,
  CONSUMER_COLUMNS,
  type ListedChannel,
  type ListedConnection,
  type ListedConsumer,
  parseChannels,
  parseConnections,
  parseConsumers,
} from './parse-clients.js';

export interface ClientReader {
  /** Rejects with SourceError, or when `signal` aborts. */
  read(signal: AbortSignal): Promise<ClientsReading>;
}

export interface ClientReaderOptions {
  readonly get: (path: string, signal: AbortSignal) => Promise<string>;
  readonly vhost: string;
  readonly clock: Clock;
  /** So much older than the answer are the broker's own figures at most. */
  readonly figuresAgeMs: number;
}

/** The most that the API gives at once. */
const PAGE_SIZE = 500;
/** A program that opens a channel for each message must not cost more than so many pages. */
const MAX_PAGES = 8;
const DETAILS_EVERY_MS = 60_000;

interface Details {
  /** By the name of the channel. */
  readonly consumers: ReadonlyMap<string, readonly ListedConsumer[]>;
  /** By name. */
  readonly connections: ReadonlyMap<string, ListedConnection>;
  readonly askedMs: number;
}

export function createClientReader({ get, vhost, clock, figuresAgeMs }: ClientReaderOptions): ClientReader {
  const place = encodeURIComponent(vhost);
  let details: Details | undefined;

  async function readChannels(signal: AbortSignal) {
    const channels = new Map<string, ListedChannel>();
    for (let page = 1; page <= MAX_PAGES; page++) {
      const query = `page=${page}&page_size=${PAGE_SIZE}&sort=name&columns=${CHANNEL_COLUMNS}`;
      // Of all vhosts: the list of one vhost comes whole, however long it is.
      const answer = parseChannels(await get(`/channels?${query}`, signal), vhost);
      for (const channel of answer.channels) channels.set(channel.name, channel);
      if (page >= answer.pageCount) return { channels, isComplete: true };
    }
    return { channels, isComplete: false };
  }

  async function readDetails(signal: AbortSignal): Promise<Details> {
    const askedMs = clock.monotonicMs();
    const [consumers, connections] = await Promise.all([
      get(`/consumers/${place}?columns=${CONSUMER_COLUMNS}`, signal).then(parseConsumers),
      get(`/vhosts/${place}/connections?columns=${CONNECTION_COLUMNS}`, signal).then(parseConnections),
    ]);
    const byChannel = new Map<string, ListedConsumer[]>();
    for (const consumer of consumers) {
      const known = byChannel.get(consumer.channel);
      if (known) known.push(consumer);
      else byChannel.set(consumer.channel, [consumer]);
    }
    return {
      consumers: byChannel,
      connections: new Map(connections.map((connection) => [connection.name, connection])),
      askedMs,
    };
  }

  function isOutdated(channels: ReadonlyMap<string, ListedChannel>): boolean {
    if (details === undefined || clock.monotonicMs() - details.askedMs >= DETAILS_EVERY_MS) return true;
    for (const { name, connection, consumerCount } of channels.values()) {
      if (!details.connections.has(connection)) return true;
      if ((details.consumers.get(name)?.length ?? 0) !== consumerCount) return true;
    }
    return false;
  }

  return {
    async read(signal) {
      const askedAtMs = clock.nowMs();
      const { channels, isComplete } = await readChannels(signal);
      if (isOutdated(channels)) details = await readDetails(signal);
      return {
        atMs: askedAtMs - figuresAgeMs,
        readAtMs: askedAtMs,
        isComplete,
        channels: [...channels.values()].map((channel) => join(channel, details)),
      };
    },
  };
}

function join(channel: ListedChannel, details: Details | undefined): ChannelReading {
  const { consumerCount: _counted, ...figures } = channel;
  const connection = details?.connections.get(channel.connection);
  return {
    ...figures,
    ...(connection?.connectedAtMs !== undefined && { connectedAtMs: connection.connectedAtMs }),
    ...(connection?.clientName !== undefined && { clientName: connection.clientName }),
    ...(connection?.product !== undefined && { product: connection.product }),
    consumes: (details?.consumers.get(channel.name) ?? []).map(({ queue, isAckRequired, prefetch }) => ({
      queue,
      isAckRequired,
      ...(prefetch !== undefined && { prefetch }),
    })),
  };
}
