/** Reads every queue of the vhost from the broker's Prometheus plugin. */

import type { QueueReading } from '../../fleet/queue-observations.js';
import type { Clock } from '../../lib/clock.js';
import type { HttpAddress } from './broker-address.js';
import type { QueueChoice, Way } from './broker-way.js';
import { createChannelSums } from './channel-sums.js';
import { httpGet } from './http-get.js';
import { createNodePages } from './node-pages.js';
import {
  type ChannelCount,
  type DetailedPage,
  type DetailedQueue,
  parseDetailedInTurns,
} from './parse-detailed.js';

export interface MetricsWayOptions {
  readonly address: HttpAddress;
  readonly vhost: string;
  readonly choice: QueueChoice;
  readonly clock: Clock;
  /** How old the broker's figures can be when it tells them. */
  readonly statsIntervalMs: number;
}

/** A page of some 40,000 queues: reading it takes several times as much memory. */
const MAX_BYTES = 32 * 1024 * 1024;
const DEPTH_FAMILIES = ['queue_coarse_metrics', 'queue_consumer_count'];
const QUEUE_COUNTER_FAMILIES = ['queue_delivery_metrics', 'queue_exchange_metrics'];
/** Brokers before 3.12 count by channel only. */
const CHANNEL_COUNTER_FAMILIES = ['channel_queue_metrics', 'channel_queue_exchange_metrics'];

export function createMetricsWay(options: MetricsWayOptions): Way {
  const { address, vhost, clock, statsIntervalMs } = options;
  const sums = createChannelSums();
  const nodes = createNodePages();
  const firstCounts = createFirstCounts();
  let isCountingByQueue: boolean | undefined;

  async function getPage(signal: AbortSignal): Promise<DetailedPage> {
    const families = [...DEPTH_FAMILIES, ...QUEUE_COUNTER_FAMILIES];
    if (isCountingByQueue !== true) families.push(...CHANNEL_COUNTER_FAMILIES);
    const query = [...families.map((family) => `family=${family}`), `vhost=${encodeURIComponent(vhost)}`];
    const text = await httpGet({
      address,
      path: `/metrics/detailed?${query.join('&')}`,
      maxBytes: MAX_BYTES,
      signal,
      option: 'rabbitmq.metrics_url',
      plugin: 'rabbitmq_prometheus',
    });
    return parseDetailedInTurns(text, vhost);
  }

  return {
    via: 'metrics',
    target: address.base,
    async read(signal) {
      const askedAtMs = clock.nowMs();
      const page = await getPage(signal);
      isCountingByQueue = page.hasQueueCounters;
      const { queues, takingTurns } = nodes.take(page, askedAtMs);
      const bySum = page.hasQueueCounters ? undefined : sums.take(channelsOf(page), new Set(queues.keys()));
      firstCounts.forgetGone((name) => queues.has(name));
      const present = [...options.choice.choose(queues.keys())].flatMap((name): QueueReading | [] => {
        const { figures, readAtMs } = queues.get(name) ?? {};
        if (figures === undefined || readAtMs === undefined) return [];
        const counts = bySum?.get(name) ?? firstCounts.of(name, figures);
        return { name, status: 'present', ...counts, ...figures, atMs: readAtMs - statsIntervalMs };
      });
      const missing = [...options.choice.stageQueues].filter((name) => !queues.has(name));
      return {
        via: 'metrics',
        atMs: askedAtMs - statsIntervalMs,
        isComplete: true,
        queues: [...present, ...missing.map((name): QueueReading => ({ name, status: 'missing' }))],
        ...(page.version !== undefined && { version: page.version }),
        ...(takingTurns && { caveat: { reason: 'protocol', problem: describeTurns(takingTurns) } }),
      };
    },
    close() {
      // Nothing is kept open: each read ends its own request.
    },
  };
}

/** Each node names its channels by itself. */
function channelsOf({ node, channelCounts }: DetailedPage): readonly ChannelCount[] {
  if (node === undefined) return channelCounts;
  return channelCounts.map((count) => ({ ...count, channel: `${node} ${count.channel}` }));
}

function describeTurns(nodes: readonly string[]): string {
  const who = nodes.length > 0 ? `different nodes (${nodes.join(', ')})` : 'different nodes';
  return `the answers come from ${who}, each of which lists its own queues only: set rabbitmq.management_url, which covers the whole cluster, or let rabbitmq.metrics_url name one node instead of a load balancer`;
}

type CounterFact = 'published' | 'acked' | 'redelivered';

const COUNTER_FACTS: readonly CounterFact[] = ['published', 'acked', 'redelivered'];

/**
 * The page has no series for what a queue has never done: its count is 0 until the first one. A series that was there
 * and is not on this page was not read.
 */
function createFirstCounts() {
  const counted = new Set<string>();
  return {
    of(name: string, figures: Readonly<DetailedQueue>): Readonly<Partial<Record<CounterFact, number>>> {
      const zeros: Partial<Record<CounterFact, number>> = {};
      for (const fact of COUNTER_FACTS) {
        const key = `${fact} ${name}`;
        if (figures[fact] !== undefined) counted.add(key);
        else if (!counted.has(key)) zeros[fact] = 0;
      }
      return zeros;
    },
    forgetGone(isThere: (name: string) => boolean): void {
      for (const key of counted) if (!isThere(key.slice(key.indexOf(' ') + 1))) counted.delete(key);
    },
  };
}
