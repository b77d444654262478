import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { QueueReading } from '../../../src/fleet/queue-observations.js';
import { withConsumerTimeouts } from '../../../src/sources/rabbitmq/consumer-timeouts.js';

/** What RabbitMQ 4.3.6 answered. */
const RECORDED =
  '[{"consumer_timeout":600000,"queue":{"name":"qt"}},{"consumer_timeout":1800000,"queue":{"name":"cl"}},{"consumer_timeout":7200000,"queue":{"name":"qq"}},{"consumer_timeout":1800000,"queue":{"name":"qq"}}]';

const QUEUES: readonly QueueReading[] = [
  { name: 'qt', status: 'present', type: 'quorum', consumers: 1 },
  { name: 'qq', status: 'present', type: 'quorum', consumers: 2 },
  { name: 'cl', status: 'present', type: 'classic', consumers: 1 },
];

async function limitsOf(version: string | undefined, answer: string) {
  const asked: string[] = [];
  const get = (path: string): Promise<string> => {
    asked.push(path);
    return Promise.resolve(answer);
  };
  const { signal } = new AbortController();
  const queues = await withConsumerTimeouts(QUEUES, { get, vhost: 'a/b', version, signal });
  return { asked, limits: queues.map(({ consumerTimeoutMs }) => consumerTimeoutMs) };
}

describe('the limits of consumers', () => {
  it('are the shortest of each quorum queue, as RabbitMQ 4.3 tells them', async () => {
    const { asked, limits } = await limitsOf('4.3.6', RECORDED);
    assert.deepEqual(limits, [600_000, 1_800_000, undefined]);
    assert.deepEqual(asked, ['/consumers/a%2Fb?columns=queue.name,consumer_timeout']);
  });

  it('are not asked of older brokers, nor of one whose version is not known', async () => {
    for (const version of ['3.10.8', '4.2.9', undefined])
      assert.deepEqual(await limitsOf(version, RECORDED), {
        asked: [],
        limits: [undefined, undefined, undefined],
      });
  });

  it('are left out where the answer has another shape', async () => {
    for (const answer of ['[{"queue":{"name":"qq"}}]', '[{"queue":[],"consumer_timeout":1}]', '{}', 'null'])
      assert.deepEqual((await limitsOf('4.3.6', answer)).limits, [undefined, undefined, undefined]);
  });
});
