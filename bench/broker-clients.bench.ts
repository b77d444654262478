/** How dear it is to ask a broker with 1,000 channels who uses it, beside bare GETs of the same lists; and what the fleet makes of it. */

import { connect } from 'amqplib';
import { createClassifier } from '../src/fleet/classify.js';
import { createFleetStore } from '../src/fleet/fleet-store.js';
import { systemClock } from '../src/lib/clock.js';
import { createClientReader } from '../src/sources/rabbitmq/broker-clients.js';
import { CHANNEL_COLUMNS } from '../src/sources/rabbitmq/parse-clients.js';
import { type RealRabbitmq, startRabbitmq } from '../test/support/real-rabbitmq.js';
import { TEST_CLASSIFY } from '../test/support/source-harness.js';
import { waitFor } from '../test/support/wait-for.js';
import { measureInTurns, printTable } from './support/measure.js';

const CONNECTIONS = 50;
const CHANNELS_EACH = 20;
const ROUNDS = 20;

export async function run(): Promise<void> {
  const broker = await startRabbitmq();
  try {
    await measure(broker);
  } finally {
    await broker.dispose();
  }
}

async function measure(broker: RealRabbitmq): Promise<void> {
  const clients = await Promise.all(Array.from({ length: CONNECTIONS }, () => connect(broker.amqpUrl)));
  for (const [index, client] of clients.entries()) {
    for (let count = 0; count < CHANNELS_EACH; count++) {
      const channel = await client.createChannel();
      const queue = `queue-${index}`;
      await channel.assertQueue(queue);
      await channel.prefetch(1);
      await channel.consume(queue, () => undefined);
    }
  }
  const all = CONNECTIONS * CHANNELS_EACH;
  const list = (): Promise<readonly object[]> =>
    broker.manage('GET', '/channels') as Promise<readonly object[]>;
  await waitFor('all channels', async () => (await list()).length === all);

  const { origin, username, password } = new URL(broker.managementUrl);
  const authorization = `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
  const get = async (path: string): Promise<string> => {
    const response = await fetch(`${origin}/api${path}`, { headers: { authorization } });
    return await response.text();
  };
  const pages = async (query: string): Promise<void> => {
    for (const page of [1, 2]) await get(`/channels?page=${page}&page_size=500${query}`);
  };
  const reader = createClientReader({ get, vhost: '/', clock: systemClock, figuresAgeMs: 0 });
  const signal = new AbortController().signal;
  const reading = await reader.read(signal);
  const store = createFleetStore(createClassifier(TEST_CLASSIFY));
  const apply = (): void =>
    store.apply({
      kind: 'broker-read',
      ...{ atMs: 0, vhost: '/', ways: [], consumerTimeoutMs: 0, leftOutCount: 0 },
      readings: [{ via: 'management', atMs: 0, isComplete: true, queues: [], clients: reading }],
    });
  const rows = await measureInTurns(
    [
      { name: 'bare GET of /api/channels', run: () => get('/channels') },
      { name: 'bare GETs of its 2 pages', run: () => pages('') },
      { name: 'the same with the columns asked for', run: () => pages(`&columns=${CHANNEL_COLUMNS}`) },
      { name: 'stagewatch, as at most reads', run: () => reader.read(signal) },
      {
        name: 'stagewatch, with consumers and connections',
        run: () => createClientReader({ get, vhost: '/', clock: systemClock, figuresAgeMs: 0 }).read(signal),
      },
      { name: 'what the fleet makes of it', run: apply },
    ],
    ROUNDS,
  );
  printTable(
    `One read of ${all} channels`,
    ['way', 'least ms', 'median ms', 'p99 ms'],
    rows.map(({ name, minMs, medianMs, p99Ms }) => [name, minMs, medianMs, p99Ms]),
  );
  await Promise.all(clients.map((client) => client.close()));
}

if (process.argv[1]?.endsWith('broker-clients.bench.js')) await run();
