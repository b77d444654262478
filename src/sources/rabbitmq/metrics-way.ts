/** Reads every queue of the vhost from the broker's Prometheus plugin. */

import type { QueueReading } from '../../fleet/queue-observations.js';
import type { Clock } from '../../lib/clock.js';
import type { HttpAddress } from './broker-address.js';
import type { QueueChoice, Way } from './broker-way.js';
import { createChannelSums } from './channel-sums.js';
import { httpGet } from './http-get.js';
import { type DetailedPage, parseDetailed } from './parse-detailed.js';

export interface MetricsWayOptions {
  readonly address: HttpAddress;
  readonly vhost: string;
  readonly choice: QueueChoice;
  readonly clock: Clock;
  /** How old the broker's figures can be when it tells them. */
  readonly statsIntervalMs: number;
}

const MAX_BYTES = 64 * 1024 * 1024;
const DEPTH_FAMILIES = ['queue_coarse_metrics', 'queue_consumer_count'];
const QUEUE_COUNTER_FAMILIES = ['queue_delivery_metrics', 'queue_exchange_metrics'];
/** Brokers before 3.12 count by channel only. */
const CHANNEL_COUNTER_FAMILIES = ['channel_queue_metrics', 'channel_queue_exchange_metrics'];

export function createMetricsWay(options: MetricsWayOptions): Way {
  const { address, vhost, clock, statsIntervalMs } = options;
  const sums = createChannelSums();
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
    return parseDetailed(text, vhost);
  }

  return {
    via: 'metrics',
    target: address.base,
    async read(signal) {
      const askedAtMs = clock.nowMs();
      const page = await getPage(signal);
      isCountingByQueue = page.hasQueueCounters;
      const bySum = page.hasQueueCounters
        ? undefined
        : sums.take(page.channelCounts, new Set(page.queues.keys()));
      return {
        via: 'metrics',
        atMs: askedAtMs - statsIntervalMs,
        isComplete: true,
        queues: toReadings(page, bySum, options),
        ...(page.version !== undefined && { version: page.version }),
      };
    },
    close() {
      // Nothing is kept open: each read ends its own request.
    },
  };
}

const NO_COUNTS = { published: 0, acked: 0, redelivered: 0 };

function toReadings(
  page: DetailedPage,
  bySum: ReadonlyMap<string, Partial<typeof NO_COUNTS>> | undefined,
  { choice }: MetricsWayOptions,
): readonly QueueReading[] {
  const readings: QueueReading[] = [];
  for (const name of choice.choose(page.queues.keys())) {
    readings.push({ name, status: 'present', ...NO_COUNTS, ...bySum?.get(name), ...page.queues.get(name) });
  }
  for (const name of choice.stageQueues) {
    if (!page.queues.has(name)) readings.push({ name, status: 'missing' });
  }
  return readings;
}
