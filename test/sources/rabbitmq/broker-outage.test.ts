import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { skipWithout } from '../../support/machine.js';
import { connectClient, publish, watchBroker } from '../../support/rabbitmq-harness.js';
import { type RealRabbitmq, startRabbitmq } from '../../support/real-rabbitmq.js';
import { waitFor } from '../../support/wait-for.js';

/** A dead connection must be noticed within this time. */
const NOTICE_LIMIT_MS = 15_000;

describe('the RabbitMQ source when its broker fails', { skip: skipWithout('rabbitmq') }, () => {
  let broker: RealRabbitmq;
  let allWays: { amqp_url: string; metrics_url: string; management_url: string };

  before(async () => {
    broker = await startRabbitmq();
    const { amqpUrl, metricsUrl, managementUrl } = broker;
    allWays = { amqp_url: amqpUrl, metrics_url: metricsUrl, management_url: managementUrl };
  });
  after(() => broker?.dispose());

  it('notices a broker that stops answering, names it, and goes on when it answers again', async (test) => {
    // Before connections are closed, which a frozen broker would keep open for ever.
    test.after(() => broker.thaw());
    const { channel } = await connectClient(test, broker.amqpUrl);
    await channel.assertQueue('frozen');
    const watched = watchBroker(test, { rabbitmq: allWays, stageQueues: ['frozen'] });
    await waitFor('the queue', () => watched.depth('frozen') === 'present 0/0/0');

    const frozenAtMs = Date.now();
    broker.freeze();
    const isUp = (): boolean | undefined => watched.fleet.sources.get('rabbitmq')?.isUp;
    await waitFor('the source to be down', () => isUp() === false, NOTICE_LIMIT_MS);
    assert.ok(Date.now() - frozenAtMs < NOTICE_LIMIT_MS);
    assert.equal(watched.warnings().length, 1, watched.warnings().join(''));
    assert.match(watched.warnings()[0] ?? '', /"reason":"timeout".*no answer within 4s/);
    assert.equal(watched.queue('frozen')?.ready?.value, 0, 'what was known stays');

    broker.thaw();
    await waitFor('the source to be back', () => isUp() === true, 40_000);
    publish(channel, 'frozen', 2);
    await waitFor('news', () => watched.queue('frozen')?.ready?.value === 2, 40_000);
  });

  it('stops at once although the broker answers nothing', async (test) => {
    test.after(() => broker.thaw());
    const watched = watchBroker(test, { rabbitmq: allWays, stageQueues: ['frozen'] });
    await waitFor('the queue', () => watched.queue('frozen')?.ready?.via === 'amqp');
    broker.freeze();
    const startedMs = performance.now();
    await watched.source.stop();
    assert.ok(performance.now() - startedMs < 2000);
    broker.thaw();
  });

  it('says once that a stopped broker is down and once that it is back, and its counts never fall', async (test) => {
    const { channel } = await connectClient(test, broker.amqpUrl);
    await channel.assertQueue('lasting', { durable: true });
    const watched = watchBroker(test, { rabbitmq: allWays, stageQueues: ['lasting'] });
    channel.sendToQueue('lasting', Buffer.from('1'), { persistent: true });
    publish(channel, 'lasting', 4);
    await waitFor('5 published', () => watched.queue('lasting')?.published?.value === 5);

    await broker.stop();
    const isUp = (): boolean | undefined => watched.fleet.sources.get('rabbitmq')?.isUp;
    await waitFor('the source to be down', () => isUp() === false);
    await waitFor('each way to be down', () => watched.fleet.broker?.ways.every((way) => !way.isUp));
    assert.equal(watched.queue('lasting')?.published?.value, 5);
    const down = watched.warnings().filter((line) => line.includes('source is down, retrying'));
    assert.ok(down.every((line) => !line.includes('guest:guest')));

    await broker.startAgain();
    await waitFor('the source to be back', () => isUp() === true, 40_000);
    await waitFor('what lasted', () => watched.queue('lasting')?.ready?.value === 1, 40_000);
    const again = await connectClient(test, broker.amqpUrl);
    publish(again.channel, 'lasting', 2);
    await waitFor('7 published in all', () => watched.queue('lasting')?.published?.value === 7, 40_000);
    await waitFor('every way to be back', () => watched.fleet.broker?.ways.every((way) => way.isUp), 40_000);
    assert.equal(watched.logLines.filter((line) => line.includes('"source is back"')).length, 1);
  });

  it('tries for ever when the broker is not there at the start', async (test) => {
    await broker.stop();
    const watched = watchBroker(test, { rabbitmq: { amqp_url: broker.amqpUrl }, stageQueues: ['lasting'] });
    await waitFor('failures', () => (watched.fleet.sources.get('rabbitmq')?.failures.unreachable ?? 0) >= 2);
    assert.match(
      watched.warnings().join(''),
      /nothing listens at amqp:\/\/127.0.0.1:\d+\/%2F; is RabbitMQ running/,
    );
    await broker.startAgain();
    await waitFor('the queue', () => watched.queue('lasting')?.status === 'present', 40_000);
  });
});
