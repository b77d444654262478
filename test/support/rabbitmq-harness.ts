/** A RabbitMQ source on a fleet of its own, and a client that acts as the pipeline does. */

import type { TestContext } from 'node:test';
import { type Channel, type ChannelModel, connect } from 'amqplib';
import { configSchema } from '../../src/config/schema.js';
import { listStages } from '../../src/fleet/list-stages.js';
import type { Queue } from '../../src/fleet/queue-model.js';
import { createRabbitmqSource } from '../../src/sources/rabbitmq/rabbitmq-source.js';
import type { Source } from '../../src/sources/source.js';
import { createSourceHarness, type SourceHarness } from './source-harness.js';

export interface RabbitmqHarness extends SourceHarness {
  readonly source: Source;
  queue(name: string, vhost?: string): Queue | undefined;
  /** `present ready/unacked/consumers`, with - for what is unknown. */
  depth(name: string, vhost?: string): string;
  /** Log lines at warn and above. */
  warnings(): readonly string[];
}

export interface HarnessOptions {
  readonly rabbitmq: Readonly<Record<string, unknown>>;
  /** Queues of stages, which get the ids S1, S2 and so on. */
  readonly stageQueues?: readonly string[];
}

type Cleanup = Pick<TestContext, 'after'>;

export function watchBroker(test: Cleanup, { rabbitmq, stageQueues = [] }: HarnessOptions): RabbitmqHarness {
  const config = configSchema.parse({
    rabbitmq: { interval: '1s', stats_interval: '1s', ...rabbitmq },
    stages: stageQueues.map((queue, index) => ({ id: `S${index + 1}`, queue })),
  });
  const harness = createSourceHarness();
  harness.apply({ kind: 'stages-configured', stages: listStages(config) });
  const source = createRabbitmqSource({ config: config.rabbitmq, stages: config.stages }, harness.context);
  source.start();
  test.after(() => source.stop());
  const queue = (name: string, vhost = '/'): Queue | undefined =>
    harness.fleet.queues.get(`${vhost}/${name}`);
  return {
    ...harness,
    source,
    queue,
    depth(name, vhost) {
      const found = queue(name, vhost);
      if (!found) return 'unknown';
      const { status, ready, unacked, consumers } = found;
      return `${status} ${[ready, unacked, consumers].map((figure) => figure?.value ?? '-').join('/')}`;
    },
    warnings: () => harness.logLines.filter((line) => /"level":"(warn|error|fatal)"/.test(line)),
  };
}

export interface PipelineClient {
  readonly model: ChannelModel;
  readonly channel: Channel;
}

export async function connectClient(test: Cleanup, url: string): Promise<PipelineClient> {
  const model = await connect(url, { noDelay: true });
  // A broker that a test stops ends its clients too.
  model.on('error', () => undefined);
  const channel = await model.createChannel();
  channel.on('error', () => undefined);
  test.after(() => model.close().catch(() => undefined));
  return { model, channel };
}

export function publish(channel: Channel, queue: string, count: number): void {
  for (let index = 0; index < count; index++) channel.sendToQueue(queue, Buffer.from('{}'));
}
