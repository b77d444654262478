import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { isOlderThan, type Version } from '../../../src/lib/version.js';
import { skipWithout } from '../../support/machine.js';
import { connectClient, publish, watchBroker } from '../../support/rabbitmq-harness.js';
import { type RealRabbitmq, startRabbitmq } from '../../support/real-rabbitmq.js';
import { waitFor } from '../../support/wait-for.js';

describe('the RabbitMQ source on a real broker', { skip: skipWithout('rabbitmq') }, () => {
  let broker: RealRabbitmq;
  let allWays: { amqp_url: string; metrics_url: string; management_url: string };

  before(async () => {
    broker = await startRabbitmq();
    const { amqpUrl, metricsUrl, managementUrl } = broker;
    allWays = { amqp_url: amqpUrl, metrics_url: metricsUrl, management_url: managementUrl };
  });
  after(() => broker?.dispose());

  const ways = (): Record<string, Record<string, string>> => ({
    'all ways': allWays,
    'the metrics page alone': { metrics_url: allWays.metrics_url },
    'the management API alone': { management_url: allWays.management_url },
  });

  describe('beside one another', { concurrency: true }, () => {
    for (const title of ['all ways', 'the metrics page alone', 'the management API alone']) {
      it(`shows what a client did to a queue, by ${title}`, async (test) => {
        const name = `work ${title}`;
        const { model, channel } = await connectClient(test, broker.amqpUrl);
        await channel.assertQueue(name);
        const watched = watchBroker(test, { rabbitmq: ways()[title] ?? {}, stageQueues: [name] });

        publish(channel, name, 10);
        await waitFor('10 ready', () => watched.depth(name) === 'present 10/0/0');

        const worker = await model.createChannel();
        await worker.prefetch(3);
        let acked = 0;
        await worker.consume(name, (message) => {
          if (message && acked++ < 2) worker.ack(message);
        });
        await waitFor('2 acked, 3 held', () => watched.depth(name) === 'present 5/3/1');
        await waitFor('counts', () => watched.queue(name)?.acked?.value === 2);
        assert.equal(watched.queue(name)?.published?.value, 10);
        assert.equal(watched.queue(name)?.redelivered?.value, 0);
        assert.equal(watched.queue(name)?.stage, 'S1');

        // The management API renews its figures every 5 to 10 seconds: it has shown enough.
        if (title === 'the management API alone') return;

        await worker.close();
        await waitFor('3 returned', () => watched.depth(name) === 'present 8/0/0');
        const message = await channel.get(name);
        assert.ok(message !== false && message.fields.redelivered);
        channel.ack(message);
        await waitFor('a redelivery', () => watched.queue(name)?.redelivered?.value === 1);
        await waitFor('the third ack', () => watched.queue(name)?.acked?.value === 3);

        await channel.purgeQueue(name);
        await waitFor('purged', () => watched.depth(name) === 'present 0/0/0');
        await channel.deleteQueue(name);
        await waitFor('missing', () => watched.queue(name)?.status === 'missing');
        assert.equal(watched.queue(name)?.ready, undefined);
        assert.equal(watched.queue(name)?.published?.value, 10);
        assert.deepEqual(watched.warnings(), []);
      });
    }

    it('knows classic, quorum, stream and locked queues, and forgets a deleted one that no stage has', async (test) => {
      const { channel } = await connectClient(test, broker.amqpUrl);
      await channel.assertQueue('kinds-classic');
      await channel.assertQueue('kinds-quorum', { arguments: { 'x-queue-type': 'quorum' } });
      await channel.assertQueue('kinds-stream', { arguments: { 'x-queue-type': 'stream' } });
      await channel.assertQueue('kinds-locked', { exclusive: true });
      const names = ['kinds-classic', 'kinds-quorum', 'kinds-stream'];
      for (const name of names) publish(channel, name, 4);
      const watched = watchBroker(test, { rabbitmq: allWays, stageQueues: [...names, 'kinds-locked'] });

      for (const name of names) {
        await waitFor(`${name} of 4`, () => watched.depth(name) === 'present 4/0/0');
        await waitFor(`type of ${name}`, () => `kinds-${watched.queue(name)?.type}` === name);
      }
      await waitFor('figures of a locked queue', () => watched.depth('kinds-locked') === 'locked 0/0/0');
      assert.equal(watched.queue('kinds-stream')?.ready?.via, 'amqp');
      assert.equal(watched.queue('kinds-stream')?.unacked?.via, 'metrics');

      await channel.assertQueue('kinds-other');
      await waitFor('a queue of no stage', () => watched.queue('kinds-other') !== undefined);
      await channel.deleteQueue('kinds-other');
      await waitFor('its end', () => watched.queue('kinds-other') === undefined);
      for (const name of names) await channel.deleteQueue(name);
    });

    it('watches 1,000 queues, and with a bound keeps those of stages and says how many it leaves out', async (test) => {
      await broker.manage('PUT', '/vhosts/big');
      await broker.manage('PUT', '/permissions/big/guest', { configure: '.*', write: '.*', read: '.*' });
      const { channel } = await connectClient(test, `${broker.amqpUrl}big`);
      const names = Array.from({ length: 1000 }, (_, index) => `q-${String(index).padStart(4, '0')}`);
      await Promise.all(names.map((name) => channel.assertQueue(name, { durable: false })));
      publish(channel, 'q-0999', 7);
      const rabbitmq = { ...allWays, amqp_url: `${broker.amqpUrl}big` };
      const whole = watchBroker(test, { rabbitmq });
      await waitFor('all queues', () => whole.fleet.queues.size === 1000);
      await waitFor('depth of the last', () => whole.depth('q-0999', 'big') === 'present 7/0/0');
      const bounded = watchBroker(test, {
        rabbitmq: { ...rabbitmq, max_queues: 100 },
        stageQueues: ['q-0999'],
      });
      await waitFor('101 queues', () => bounded.fleet.queues.size === 101);
      assert.equal(bounded.depth('q-0999', 'big'), 'present 7/0/0');
      assert.equal(bounded.fleet.broker?.leftOutCount, 899);
      assert.equal(bounded.warnings().length, 1);
      assert.match(bounded.warnings()[0] ?? '', /"leftOutCount":899.*not all queues are watched/);
      await broker.manage('DELETE', '/vhosts/big');
    });
  });

  it('loses nothing but the missing queues among many, and creates none', async (test) => {
    const { channel } = await connectClient(test, broker.amqpUrl);
    const present = Array.from({ length: 60 }, (_, index) => `many-${index}`);
    for (const name of present) await channel.assertQueue(name);
    for (const name of present) publish(channel, name, 1);
    const missing = Array.from({ length: 12 }, (_, index) => `gone-${index}`);
    const stageQueues = present.flatMap((name, index) =>
      index % 5 === 0 ? [`gone-${index / 5}`, name] : [name],
    );
    const before = await listQueues(broker);

    const watched = watchBroker(test, { rabbitmq: { amqp_url: broker.amqpUrl }, stageQueues });
    for (const name of present) await waitFor(name, () => watched.depth(name) === 'present 1/-/0');
    for (const name of missing) assert.equal(watched.queue(name)?.status, 'missing');
    await waitFor(
      'three reads',
      () => watched.observations.filter(({ kind }) => kind === 'source-read').length > 2,
    );
    assert.deepEqual(watched.warnings(), []);
    assert.deepEqual(await listQueues(broker), before);
    for (const name of present) await channel.deleteQueue(name);
  });

  it('goes on asking for every known queue over AMQP when the plugins stop answering', async (test) => {
    const { channel } = await connectClient(test, broker.amqpUrl);
    await channel.assertQueue('fallback');
    const watched = watchBroker(test, {
      rabbitmq: { amqp_url: broker.amqpUrl, management_url: broker.managementUrl, exclude: 'none' },
    });
    await waitFor('the queue', () => watched.depth('fallback') === 'present 0/0/0');
    const realFetch = globalThis.fetch;
    test.mock.method(globalThis, 'fetch', () => Promise.reject(new Error('no route')));
    publish(channel, 'fallback', 3);
    await waitFor('its depth', () => watched.queue('fallback')?.ready?.value === 3);
    assert.equal(watched.queue('fallback')?.ready?.via, 'amqp');
    assert.equal(watched.fleet.sources.get('rabbitmq')?.isUp, true);
    await channel.deleteQueue('fallback');
    await waitFor('its end', () => watched.queue('fallback') === undefined);
    test.mock.restoreAll();
    assert.equal(globalThis.fetch, realFetch);
  });

  it('is up in part with one wrong password, named once and without the password', async (test) => {
    const wrong = {
      amqp_url: broker.amqpUrl.replace('guest:guest', 'guest:s3cr3t-a'),
      management_url: broker.managementUrl.replace('guest:guest', 'guest:s3cr3t-b'),
    };
    const watched = watchBroker(test, { rabbitmq: { ...allWays, ...wrong } });
    await waitFor(
      'several reads',
      () => (watched.fleet.sources.get('rabbitmq')?.failures.permission ?? 0) >= 6,
    );
    assert.equal(watched.fleet.sources.get('rabbitmq')?.isUp, true);
    const warnings = watched.warnings();
    assert.equal(warnings.length, 2, warnings.join(''));
    assert.match(
      warnings.join(''),
      /the user guest is refused; check name and password in rabbitmq.amqp_url/,
    );
    assert.match(
      warnings.join(''),
      /the user guest is refused \([^)]+\); check name and password in rabbitmq.management_url/,
    );
    assert.doesNotMatch(
      JSON.stringify([watched.logLines, [...watched.fleet.sources], watched.fleet.broker]),
      /s3cr3t/,
    );
    const states = watched.fleet.broker?.ways.map(({ via, isUp, reason }) =>
      `${via} ${isUp} ${reason ?? ''}`.trim(),
    );
    assert.deepEqual(states, ['amqp false permission', 'metrics true', 'management false permission']);
  });

  it('names a vhost that is not there and a user without the monitoring tag', async (test) => {
    await broker.manage('PUT', '/users/plain', { password: 'plain', tags: '' });
    const lost = watchBroker(test, { rabbitmq: { amqp_url: `${broker.amqpUrl}nowhere` } });
    await waitFor('the line', () =>
      lost.warnings().some((line) => line.includes('no access to vhost nowhere for guest')),
    );
    const untagged = watchBroker(test, {
      rabbitmq: { management_url: broker.managementUrl.replace('guest:guest', 'plain:plain') },
    });
    await waitFor('failure', () => untagged.fleet.sources.get('rabbitmq')?.isUp === false);
    assert.match(
      untagged.fleet.sources.get('rabbitmq')?.problem ?? '',
      /the user plain is refused \(Not management user\); .*tag monitoring/,
    );
    assert.equal(untagged.warnings().length, 1);
  });

  it('needs no permission in a vhost but access to it, or says which one the broker wants', async (test) => {
    await broker.manage('PUT', '/vhosts/least%2Fvhost');
    await broker.manage('PUT', '/users/least', { password: 'l%e@s/t', tags: 'monitoring' });
    await broker.manage('PUT', '/permissions/least%2Fvhost/least', {
      configure: '^$',
      write: '^$',
      read: '^$',
    });
    await broker.manage('PUT', '/permissions/least%2Fvhost/guest', {
      configure: '.*',
      write: '.*',
      read: '.*',
    });
    const { channel } = await connectClient(test, `${broker.amqpUrl}least%2Fvhost`);
    await channel.assertQueue('jobs');
    publish(channel, 'jobs', 2);
    const login = `least:${encodeURIComponent('l%e@s/t')}`;
    const watched = watchBroker(test, {
      rabbitmq: {
        amqp_url: `${broker.amqpUrl.replace('guest:guest', login)}least%2Fvhost`,
        metrics_url: broker.metricsUrl,
        management_url: broker.managementUrl.replace('guest:guest', login),
      },
      stageQueues: ['jobs'],
    });
    await waitFor('the queue', () => watched.depth('jobs', 'least/vhost') === 'present 2/0/0');
    await waitFor('only its own vhost', () => watched.fleet.queues.size === 1);
    // From then on, a passive declare needs a right on the queue.
    if (!(await isOlder(broker, [4, 2, 6]))) {
      assert.equal(watched.queue('jobs', 'least/vhost')?.ready?.via, 'metrics');
      assert.equal(watched.fleet.sources.get('rabbitmq')?.isUp, true);
      assert.equal(watched.warnings().length, 1);
      assert.match(
        watched.warnings()[0] ?? '',
        /"permission".*the user least has no right on queue jobs; give it read/,
      );
    } else {
      assert.equal(watched.queue('jobs', 'least/vhost')?.ready?.via, 'amqp');
      assert.deepEqual(watched.warnings(), []);
    }
  });

  it('needs the right read on the queues of stages, by each version of the broker', async (test) => {
    const { channel } = await connectClient(test, broker.amqpUrl);
    await channel.assertQueue('readable');
    publish(channel, 'readable', 2);
    await broker.manage('PUT', '/users/reader', { password: 'reader', tags: '' });
    await broker.manage('PUT', '/permissions/%2F/reader', {
      configure: '^$',
      write: '^$',
      read: '^readable$',
    });
    const amqp_url = broker.amqpUrl.replace('guest:guest', 'reader:reader');
    const watched = watchBroker(test, { rabbitmq: { amqp_url }, stageQueues: ['readable'] });
    await waitFor('its depth', () => watched.depth('readable') === 'present 2/-/0');
    assert.deepEqual(watched.warnings(), []);
    await channel.deleteQueue('readable');
  });

  it('receives progress messages through a queue of its own, which is hidden, bounded and gone at the stop', async (test) => {
    const own = '^stagewatch-progress-';
    await broker.manage('PUT', '/users/progress', { password: 'progress', tags: '' });
    await broker.manage('PUT', '/permissions/%2F/progress', {
      configure: own,
      write: own,
      read: '^(stagewatch-progress-.*|progress)$',
    });
    const amqp_url = broker.amqpUrl.replace('guest:guest', 'progress:progress');
    // A queue that this user may not ask for, on brokers that want a right for it.
    const { channel } = await connectClient(test, broker.amqpUrl);
    await channel.assertQueue('refused');
    const watched = watchBroker(test, {
      rabbitmq: { ...allWays, amqp_url, progress_exchange: 'progress' },
      stageQueues: ['refused'],
    });
    await waitFor('a line on the exchange', () =>
      watched.warnings().some((line) => line.includes('there is no exchange progress')),
    );
    await channel.assertExchange('progress', 'fanout', { durable: false });
    await waitFor('it to be back', () =>
      watched.logLines.some((line) => line.includes('"progress_exchange"') && line.includes('is back')),
    );

    channel.publish('progress', '', Buffer.from('{"name":"w-0","done":1}'));
    channel.publish('progress', '', Buffer.alloc(64 * 1024 + 1, 'x'));
    channel.publish('progress', '', Buffer.from('{"name":"w-0","done":2}'));
    const texts = (): string[] =>
      watched.observations.flatMap((seen) => (seen.kind === 'progress-message' ? [seen.text] : []));
    await waitFor('two messages', () => texts().length === 2);
    assert.deepEqual(texts(), ['{"name":"w-0","done":1}', '{"name":"w-0","done":2}']);
    assert.ok(watched.warnings().some((line) => line.includes('over 65536 bytes')));

    const ownQueues = async () =>
      (await listQueues(broker)).filter((name) => name.startsWith('stagewatch-progress-'));
    assert.equal((await ownQueues()).length, 1);
    assert.deepEqual(
      [...watched.fleet.queues.keys()].filter((key) => key.includes('stagewatch-progress')),
      [],
    );
    await watched.source.stop();
    await waitFor('its end', async () => (await ownQueues()).length === 0);
  });

  it('tells version, alarms and the consumer timeout of a queue', async (test) => {
    const { channel } = await connectClient(test, broker.amqpUrl);
    // From 4.3 on classic queues refuse the argument.
    const timed = { 'x-queue-type': 'quorum', 'x-consumer-timeout': 600_000 };
    await channel.assertQueue('timed', { arguments: timed });
    const watched = watchBroker(test, { rabbitmq: { ...allWays, consumer_timeout: '1h' } });
    await waitFor('alarms', () => watched.fleet.broker?.alarms?.memory === false);
    assert.match(watched.fleet.broker?.version ?? '', /^\d+\.\d+\.\d+/);
    assert.deepEqual(watched.fleet.broker?.amqpPorts, [broker.amqpPort]);
    assert.equal(watched.fleet.broker?.consumerTimeoutMs, 3_600_000);
    await waitFor('its timeout', () => watched.queue('timed')?.consumerTimeoutMs === 600_000);
    await channel.assertQueue('served', { arguments: { 'x-queue-type': 'quorum' } });
    await channel.consume('served', () => undefined);
    await waitFor('its consumer', () => watched.queue('served')?.consumers?.value === 1);
    if (!(await isOlder(broker, [4, 3, 0]))) {
      // Asked every 30 seconds while the metrics page answers.
      await waitFor(
        'what the broker waits for it',
        () => watched.queue('served')?.consumerTimeoutMs === 1_800_000,
        45_000,
      );
    }
    await broker.control('set_vm_memory_high_watermark', 'absolute', '1MB');
    await waitFor('the alarm', () => watched.fleet.broker?.alarms?.memory === true);
    assert.equal(watched.fleet.broker?.alarms?.disk, false);
    await broker.control('set_vm_memory_high_watermark', '0.4');
    await waitFor('its end', () => watched.fleet.broker?.alarms?.memory === false);
  });
});

async function isOlder(broker: RealRabbitmq, than: Version): Promise<boolean> {
  const { rabbitmq_version } = (await broker.manage('GET', '/overview')) as { rabbitmq_version: string };
  return isOlderThan(rabbitmq_version, than) === true;
}

async function listQueues(broker: RealRabbitmq): Promise<string[]> {
  const queues = (await broker.manage('GET', '/queues?columns=name')) as { name: string }[];
  return queues.map(({ name }) => name).toSorted();
}
