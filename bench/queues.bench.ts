/** How dear one read of a broker's queues is, beside a bare GET of its metrics page and declares one after another. */

import { pathToFileURL } from 'node:url';
import { connect } from 'amqplib';
import { configSchema } from '../src/config/schema.js';
import { listStages } from '../src/fleet/list-stages.js';
import { createRabbitmqReader } from '../src/sources/rabbitmq/rabbitmq-source.js';
import { type RealRabbitmq, startRabbitmq } from '../test/support/real-rabbitmq.js';
import { createSourceHarness } from '../test/support/source-harness.js';
import { waitFor } from '../test/support/wait-for.js';

const ROUNDS = 30;
const WARM_UP_ROUNDS = 5;
const STAGE_QUEUES = 10;
const FLOOR_PATH = '/metrics/detailed?family=queue_coarse_metrics&family=queue_consumer_count&vhost=';

interface Contender {
  readonly name: string;
  run(): Promise<void>;
  close?(): Promise<void>;
}

export async function run(): Promise<void> {
  const broker = await startRabbitmq();
  try {
    for (const count of [100, 1000]) await measure(broker, count);
  } finally {
    await broker.dispose();
  }
}

async function measure(broker: RealRabbitmq, count: number): Promise<void> {
  const vhost = `bench${count}`;
  await broker.manage('PUT', `/vhosts/${vhost}`);
  await broker.manage('PUT', `/permissions/${vhost}/guest`, { configure: '.*', write: '.*', read: '.*' });
  const names = Array.from({ length: count }, (_, index) => `queue-${index}`);
  const amqpUrl = broker.amqpUrl + vhost;
  const client = await connect(amqpUrl, { noDelay: true });
  const channel = await client.createChannel();
  const plain = await connect(amqpUrl);
  const plainChannel = await plain.createChannel();
  await Promise.all(names.map((name) => channel.assertQueue(name)));
  await waitFor('all queues on the metrics page', async () => {
    const text = await (await fetch(broker.metricsUrl + FLOOR_PATH + vhost)).text();
    return text.split('\nrabbitmq_detailed_queue_consumers{').length - 1 === count;
  });

  const plugins = { metrics_url: broker.metricsUrl };
  const contenders: readonly Contender[] = [
    {
      name: 'bare GET of /metrics/detailed',
      async run() {
        await (await fetch(broker.metricsUrl + FLOOR_PATH + vhost)).text();
      },
    },
    reader('stagewatch, metrics page', { ...plugins, vhost }, []),
    reader(
      `stagewatch, metrics page + AMQP for ${STAGE_QUEUES} stages`,
      { ...plugins, amqp_url: amqpUrl },
      names.slice(0, STAGE_QUEUES),
    ),
    reader(
      'stagewatch, all ways',
      { ...plugins, amqp_url: amqpUrl, management_url: broker.managementUrl },
      names.slice(0, STAGE_QUEUES),
    ),
    reader('stagewatch, AMQP alone, all as stages', { amqp_url: amqpUrl }, names),
    {
      name: 'declares one after another, TCP_NODELAY',
      async run() {
        for (const name of names) await channel.checkQueue(name);
      },
    },
    {
      // As a program does that connects with the library's defaults.
      name: 'declares one after another',
      async run() {
        for (const name of names) await plainChannel.checkQueue(name);
      },
      close: () => plain.close(),
    },
  ];
  const samples = new Map<string, number[]>(contenders.map(({ name }) => [name, []]));
  for (let round = -WARM_UP_ROUNDS; round < ROUNDS; round++) {
    for (const { name, run: once } of contenders) {
      const startedMs = performance.now();
      await once();
      if (round >= 0) samples.get(name)?.push(performance.now() - startedMs);
    }
  }
  for (const contender of contenders) await contender.close?.();
  await client.close();
  print(count, samples);
}

/** One read of the source, up to and with the fleet's new picture. */
function reader(name: string, rabbitmq: Readonly<Record<string, unknown>>, stageQueues: string[]): Contender {
  const config = configSchema.parse({
    rabbitmq,
    stages: stageQueues.map((queue, index) => ({ id: `S${index}`, queue })),
  });
  const { context, apply, observations } = createSourceHarness();
  apply({ kind: 'stages-configured', stages: listStages(config) });
  const read = createRabbitmqReader({ config: config.rabbitmq, stages: config.stages }, context);
  return {
    name,
    async run() {
      await read.read(new AbortController().signal);
      observations.length = 0;
    },
    async close() {
      await read.close?.();
    },
  };
}

function print(count: number, samples: ReadonlyMap<string, readonly number[]>): void {
  const medians = [...samples.values()].map((values) => quantile(values, 0.5));
  const floor = medians[0] ?? Number.NaN;
  const sequential = medians.at(-1) ?? Number.NaN;
  console.log(`\n${count} queues, ${ROUNDS} interleaved rounds     med ms   p99 ms   × GET   × declares`);
  for (const [name, values] of samples) {
    const median = quantile(values, 0.5);
    const cells = [median, quantile(values, 0.99), median / floor, median / sequential];
    console.log(name.padEnd(46) + cells.map((cell) => cell.toFixed(2).padStart(9)).join(''));
  }
}

function quantile(values: readonly number[], q: number): number {
  const sorted = values.toSorted((one, other) => one - other);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? Number.NaN;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) await run();
