import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { configSchema } from '../../../src/config/schema.js';
import type { NotedSection } from '../../../src/lib/durable-section.js';
import { createRabbitmqSource } from '../../../src/sources/rabbitmq/rabbitmq-source.js';
import { createServedQueues } from '../../../src/sources/rabbitmq/served-queues.js';
import { createSourceHarness } from '../../support/source-harness.js';
import { waitFor } from '../../support/wait-for.js';

function durableMemory(): NotedSection {
  let produced: (() => unknown) | undefined;
  return {
    note: () => undefined,
    loadNotes: () => [],
    load: () => produced && JSON.parse(JSON.stringify(produced())),
    save: (produce) => {
      produced = produce;
    },
  };
}

const reading = (name: string, consumers?: number) => ({
  name,
  status: 'present' as const,
  ...(consumers !== undefined && { consumers }),
});

test('queues that had a consumer are remembered for their broker, and no others', () => {
  const durable = durableMemory();
  const first = createServedQueues(durable, '/ a');
  first.note([reading('served', 2), reading('empty', 0), reading('untold')]);
  first.note([reading('served', 0)]);
  assert.deepEqual(createServedQueues(durable, '/ a').names, ['served']);
  assert.deepEqual(createServedQueues(durable, '/ b').names, []);
});

test('what is stored of any other shape is nothing', () => {
  for (const stored of [undefined, 1, [], { key: 'k' }, { key: 'k', names: 'x' }, { key: 'k', names: [1] }]) {
    const durable = { ...durableMemory(), load: () => stored };
    assert.deepEqual(createServedQueues(durable, 'k').names, []);
  }
});

test('the newest are kept of too many', () => {
  const durable = durableMemory();
  const served = createServedQueues(durable, 'k');
  served.note(Array.from({ length: 10_500 }, (_, index) => reading(`q${index}`, 1)));
  const { names } = createServedQueues(durable, 'k');
  assert.deepEqual([names.length, names[0], names.at(-1)], [10_000, 'q500', 'q10499']);
});

/** A broker with one queue, whose consumer has gone by the second life of the daemon. */
async function startBroker(test: TestContext, consumers: () => number): Promise<string> {
  const server = createServer((request, response) => {
    const isQueues = request.url?.startsWith('/api/queues/');
    const queue = { name: 'orders', type: 'classic', messages_ready: 7, consumers: consumers() };
    response.end(JSON.stringify(isQueues ? [queue] : request.url?.startsWith('/api/overview') ? {} : []));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  test.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://guest:guest@127.0.0.1:${(server.address() as AddressInfo).port}`;
}

test('a queue of no stage that consumers served stays one over a restart of the daemon', async (t) => {
  let consumers = 1;
  const managementUrl = await startBroker(t, () => consumers);
  const durable = durableMemory();
  async function live() {
    const config = configSchema.parse({ rabbitmq: { management_url: managementUrl, interval: '1s' } });
    const harness = createSourceHarness();
    const options = { config: config.rabbitmq, stages: [] };
    const source = createRabbitmqSource(options, { ...harness.context, durable });
    source.start();
    const queue = await waitFor('the queue', () => harness.fleet.queues.get('//orders'));
    await source.stop();
    return queue;
  }
  assert.equal((await live()).wasServed, true);
  consumers = 0;
  const after = await live();
  assert.deepEqual([after.consumers?.value, after.wasServed], [0, true]);
});
