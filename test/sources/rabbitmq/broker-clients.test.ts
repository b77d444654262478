import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { createClientReader } from '../../../src/sources/rabbitmq/broker-clients.js';
import {
  parseChannels,
  parseConnections,
  parseConsumers,
} from '../../../src/sources/rabbitmq/parse-clients.js';
import { createFakeClock } from '../../support/fake-clock.js';

const FIXTURES = new URL('../../../../test/fixtures/rabbitmq/', import.meta.url);
const recorded = (name: string): string =>
  readFileSync(new URL(`management-${name}-3.10.json`, FIXTURES), 'utf8');

describe('the clients of a broker', () => {
  it('are read from what RabbitMQ 3.10 answered', () => {
    const { channels, pageCount } = parseChannels(recorded('channels'), '/');
    assert.equal(pageCount, 2);
    const [worker, other] = channels;
    assert.equal(worker?.peerHost, '172.30.77.2');
    assert.equal(worker?.consumerCount, 1);
    assert.equal(worker?.acked, 4);
    assert.equal(worker?.unacked, 0);
    assert.equal(other?.acked, undefined);
    assert.deepEqual(parseChannels(recorded('channels'), 'elsewhere').channels, []);
    const consumers = parseConsumers(recorded('consumers'));
    assert.deepEqual(
      consumers.filter(({ channel }) => channel === worker?.name),
      [{ channel: worker?.name, queue: 'q.ocr', isAckRequired: true, prefetch: 1 }],
    );
    const connection = parseConnections(recorded('connections')).find(
      ({ name }) => name === worker?.connection,
    );
    assert.equal(connection?.product, 'Pika Python Client Library');
    assert.ok((connection?.connectedAtMs ?? 0) > 1.7e12);
  });

  it('cost an entry when it is of another shape, and an answer that is something else is said', () => {
    const entry = { name: 'c', vhost: '/', connection_details: { name: 'n' } };
    const page = { items: [entry, { ...entry, connection_details: [] }, 7], page_count: 1 };
    assert.deepEqual(parseChannels(JSON.stringify(page), '/').channels, [
      { name: 'c', connection: 'n', consumerCount: 0 },
    ]);
    assert.throws(() => parseChannels('[]', '/'), /list of channels is not a page/);
    assert.throws(() => parseConsumers('{}'), /list of consumers is not a list/);
    assert.throws(() => parseConnections('<html>'), /not JSON; check that rabbitmq.management_url/);
    assert.deepEqual(parseConsumers('[{"queue":{"name":"q"}}]'), []);
  });
});

describe('the reader of clients', () => {
  const channel = (name: string, consumers = 1) => ({
    ...{ name: `${name} (1)`, vhost: '/', consumer_count: consumers },
    connection_details: { name, peer_host: '10.0.0.2' },
  });

  function stand(pages: number) {
    const asked: string[] = [];
    const state = { channels: [channel('a')] };
    const clock = createFakeClock(1000);
    const answer = (path: string): unknown => {
      if (path.startsWith('/channels')) return { items: state.channels, page_count: pages };
      if (path.startsWith('/consumers')) {
        return state.channels.flatMap(({ name, consumer_count: count }) =>
          Array.from({ length: count }, (_, index) => ({
            ...{ queue: { name: `q${index}` }, channel_details: { name }, ack_required: true },
          })),
        );
      }
      return state.channels.map(({ connection_details: { name } }) => ({
        ...{ name, connected_at: 7, client_properties: { product: 'py-amqp' } },
      }));
    };
    const reader = createClientReader({
      get(path) {
        asked.push(path.split('?')[0] ?? '');
        return Promise.resolve(JSON.stringify(answer(path)));
      },
      ...{ vhost: '/', clock, figuresAgeMs: 10 },
    });
    const read = () => reader.read(new AbortController().signal);
    return { asked, state, clock, read };
  }

  it('asks who consumes what only when a channel is new, has other consumers, or a minute has passed', async () => {
    const { asked, state, clock, read } = stand(1);
    const { channels, atMs } = await read();
    assert.equal(atMs, 990);
    assert.deepEqual(channels[0]?.consumes, [{ queue: 'q0', isAckRequired: true }]);
    assert.equal(channels[0]?.product, 'py-amqp');
    await read();
    assert.deepEqual(asked.splice(0), [
      '/channels',
      '/consumers/%2F',
      '/vhosts/%2F/connections',
      '/channels',
    ]);
    state.channels = [channel('a', 2)];
    assert.equal((await read()).channels[0]?.consumes.length, 2);
    assert.equal(asked.splice(0).length, 3);
    state.channels.push(channel('b'));
    await read();
    assert.equal(asked.splice(0).length, 3);
    await clock.advance(60_000);
    await read();
    assert.equal(asked.splice(0).length, 3);
  });

  it('stops after 4,000 channels, and says that there are more', async () => {
    const { asked, read } = stand(30);
    assert.equal((await read()).isComplete, false);
    assert.equal(asked.filter((path) => path === '/channels').length, 8);
  });
});
