import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { createChannelSums } from '../../../src/sources/rabbitmq/channel-sums.js';
import { parseDetailed } from '../../../src/sources/rabbitmq/parse-detailed.js';

const FIXTURES = new URL('../../../../test/fixtures/rabbitmq/', import.meta.url);
const RECORDED = readFileSync(new URL('detailed-3.10.txt', FIXTURES), 'utf8');
const HEAD = 'rabbitmq_build_info{rabbitmq_version="4.1.0",erlang_version="27"} 1\n';

describe('parseDetailed', () => {
  it('reads what RabbitMQ 3.10 wrote', () => {
    const { queues, version, hasQueueCounters, channelCounts } = parseDetailed(RECORDED, '/');
    assert.equal(version, '3.10.8');
    assert.equal(hasQueueCounters, false);
    assert.deepEqual(queues.get('c1'), { ready: 5, unacked: 3, consumers: 1 });
    assert.deepEqual(queues.get('s1'), { ready: 10, unacked: 0, consumers: 0 });
    const sums = createChannelSums().take(channelCounts, new Set(queues.keys()));
    assert.deepEqual(sums.get('c1'), {
      ...{ published: 10, acked: 2, redelivered: 0 },
      ...{ deliveredForAck: 5, deliveredAcked: 0 },
    });
    assert.deepEqual(sums.get('s1'), { published: 10, acked: 0, redelivered: 0 });
  });

  it('reads a name with a quote that an older broker did not escape', () => {
    assert.deepEqual(parseDetailed(RECORDED, '/').queues.get('we"ird\\q2'), {
      ready: 0,
      unacked: 0,
      consumers: 0,
    });
  });

  it('reads the counters by queue of newer brokers, adding up exchanges', () => {
    const text = `${HEAD}# TYPE rabbitmq_detailed_queue_messages_acked_total counter
rabbitmq_detailed_queue_messages_acked_total{vhost="v",queue="q"} 7
rabbitmq_detailed_queue_messages_redelivered_total{vhost="v",queue="q"} 1
rabbitmq_detailed_queue_messages_delivered_total{vhost="v",queue="q"} 2
rabbitmq_detailed_queue_messages_delivered_ack_total{vhost="v",queue="q"} 8
rabbitmq_detailed_queue_exchange_messages_published_total{queue_vhost="v",queue="q",exchange_vhost="v",exchange=""} 3
rabbitmq_detailed_queue_exchange_messages_published_total{queue_vhost="v",queue="q",exchange_vhost="v",exchange="e"} 4
rabbitmq_detailed_queue_messages_ready{vhost="v",queue="a\\"b\\\\c"} 2
`;
    const { queues, hasQueueCounters } = parseDetailed(text, 'v');
    assert.equal(hasQueueCounters, true);
    assert.deepEqual(queues.get('q'), {
      ...{ acked: 7, redelivered: 1, published: 7 },
      ...{ deliveredAcked: 2, deliveredForAck: 8 },
    });
    assert.deepEqual(queues.get('a"b\\c'), { ready: 2 });
  });

  const costsItself: readonly (readonly [string, string])[] = [
    ['another vhost', 'rabbitmq_detailed_queue_messages_ready{vhost="w",queue="q"} 1'],
    ['no value', 'rabbitmq_detailed_queue_messages_ready{vhost="v",queue="q"}'],
    ['not a number', 'rabbitmq_detailed_queue_messages_ready{vhost="v",queue="q"} NaN'],
    ['negative', 'rabbitmq_detailed_queue_messages_ready{vhost="v",queue="q"} -1'],
    ['no labels', 'rabbitmq_detailed_queue_messages_ready 5'],
    ['cut off', 'rabbitmq_detailed_queue_messages_ready{vhost="v",que'],
    ['an unknown family', 'rabbitmq_detailed_queue_dreams{vhost="v",queue="q"} 1'],
  ];
  for (const [title, line] of costsItself) {
    it(`leaves out one line: ${title}`, () => {
      const { queues } = parseDetailed(
        `${HEAD}${line}\nrabbitmq_detailed_queue_consumers{vhost="v",queue="other"} 2\n`,
        'v',
      );
      assert.deepEqual([...queues], [['other', { consumers: 2 }]]);
    });
  }

  it('refuses a page that is not a broker’s', () => {
    for (const text of ['', '<html>hello</html>', '{"status":"ok"}', 'node_cpu_seconds_total 1\n']) {
      assert.throws(() => parseDetailed(text, '/'), /check rabbitmq.metrics_url/);
    }
  });

  it('reads back any name that a newer broker writes', () => {
    const escaped = (name: string): string =>
      name.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), fc.nat(), (name, value) => {
        const text = `${HEAD}rabbitmq_detailed_queue_messages_ready{vhost="v",queue="${escaped(name)}"} ${value}\n`;
        assert.equal(parseDetailed(text, 'v').queues.get(name)?.ready, value);
      }),
    );
  });

  it('never throws on a damaged page of a broker', () => {
    fc.assert(
      fc.property(fc.nat(RECORDED.length), fc.string(), fc.nat(200), (at, junk, cut) => {
        const damaged = RECORDED.slice(0, at) + junk + RECORDED.slice(at + cut);
        parseDetailed(`${HEAD}${damaged}`, '/');
      }),
    );
  });
});

describe('createChannelSums', () => {
  const count = (channel: string, value: number) => ({ channel, queue: 'q', fact: 'acked', value }) as const;
  const queues = new Set(['q']);

  it('keeps what a closed channel did, and takes up a channel that counts from nothing again', () => {
    const sums = createChannelSums();
    assert.equal(sums.take([count('a', 5), count('b', 2)], queues).get('q')?.acked, 7);
    assert.equal(sums.take([count('b', 4)], queues).get('q')?.acked, 9);
    assert.equal(sums.take([count('c', 3)], queues).get('q')?.acked, 12);
    const fallen = [1, 1, 2, 3].map((value) => sums.take([count('b', value)], queues).get('q')?.acked);
    assert.deepEqual(fallen, [12, 12, 14, 15]);
  });

  it('counts nothing twice of a channel that is missing on a page or less for once', () => {
    const sums = createChannelSums();
    const pages = [
      [count('a', 5)],
      [],
      [count('a', 5)],
      [count('a', 0)],
      [count('a', 6)],
      [],
      [count('a', 7)],
    ];
    const seen = pages.map((page) => sums.take(page, queues).get('q')?.acked);
    assert.deepEqual(seen, [5, 5, 5, 5, 6, 6, 7]);
  });

  it('forgets a queue that is gone', () => {
    const sums = createChannelSums();
    sums.take([count('a', 5)], queues);
    assert.deepEqual([...sums.take([], new Set())], []);
    assert.equal(sums.take([], queues).get('q')?.acked, 0);
  });
});
