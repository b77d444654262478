import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import express from 'express';
import { createLogger } from '../../../src/lib/logger.js';
import { createEventHub, type EventHub } from '../../../src/views/live/event-hub.js';
import { createPictureFeed } from '../../../src/views/live/picture-feed.js';
import { readEvents, type StreamReader } from '../../support/event-stream.js';
import { createFakeClock, type FakeClock } from '../../support/fake-clock.js';
import { waitFor } from '../../support/wait-for.js';

interface Stand {
  readonly clock: FakeClock;
  readonly hub: EventHub;
  readonly url: string;
  readonly log: readonly string[];
  show(picture: object | Error): void;
  read(headers?: Record<string, string>): Promise<StreamReader>;
}

async function stand(test: TestContext, maxClients = 4): Promise<Stand> {
  const clock = createFakeClock(0);
  const log: string[] = [];
  let shown: object | Error = { n: 0 };
  const feed = createPictureFeed(() => {
    if (shown instanceof Error) throw shown;
    return shown;
  }, clock);
  const write = (line: string): void => void log.push(line);
  const logger = createLogger({ level: 'info', format: 'json', write });
  const hub = createEventHub({
    picture: feed,
    clock,
    log: logger,
    isTrusted: ({ headers }) => headers.authorization !== undefined,
    places: { all: maxClients, perAddress: maxClients, reserved: 0 },
  });
  const app = express();
  app.get('/events', hub.route);
  const server = createServer(app).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/events`;
  const readers: StreamReader[] = [];
  test.after(() => {
    for (const reader of readers) reader.close();
    hub.close();
    server.closeAllConnections();
    server.close();
  });
  return {
    clock,
    hub,
    url,
    log,
    show(picture) {
      shown = picture;
    },
    async read(headers) {
      const reader = await readEvents(url, headers);
      readers.push(reader);
      return reader;
    },
  };
}

/** Read off the beginning: some pictures are of megabytes. */
const numbers = ({ events }: StreamReader): unknown[] =>
  events
    .filter(({ event }) => event === 'fleet')
    .map(({ data }) => Number(/"n":(\d+)/.exec(data.slice(0, 80))?.[1]));

describe('the stream of events', () => {
  it('begins with the picture, tells a change once, and at most once a second', async (test) => {
    const { clock, show, read } = await stand(test);
    const reader = await read();
    assert.deepEqual(
      [reader.status, reader.headers['content-type']],
      [200, 'text/event-stream; charset=utf-8'],
    );
    await waitFor('the first picture', () => numbers(reader).length === 1);
    assert.equal((JSON.parse(reader.events[0]?.data ?? '') as { at: string }).at, '1970-01-01T00:00:00.000Z');
    for (let n = 1; n <= 3; n++) {
      show({ n });
      await clock.advance(400);
    }
    show({ n: 4 });
    await clock.advance(1000);
    await clock.advance(1000);
    await waitFor('the last picture', () => numbers(reader).at(-1) === 4);
    assert.deepEqual(numbers(reader), [0, 3, 4]);
  });

  it('says that it is alive while nothing changes', async (test) => {
    const { clock, read } = await stand(test);
    const reader = await read();
    await clock.advance(7000);
    await clock.advance(5000);
    const alive = await waitFor('signs of life', () => reader.events.length >= 3 && reader.events.slice(1));
    assert.deepEqual(alive, [
      { event: 'alive', data: '1970-01-01T00:00:05.000Z' },
      { event: 'alive', data: '1970-01-01T00:00:10.000Z' },
    ]);
  });

  it('is compressed once for all who take it so, whenever they come', async (test) => {
    const { clock, show, read } = await stand(test);
    const gzip = { 'accept-encoding': 'gzip, deflate, br' };
    const early = await read(gzip);
    show({ n: 1, text: 'ü'.repeat(5000) });
    await clock.advance(1000);
    const late = await read(gzip);
    show({ n: 2 });
    await clock.advance(1000);
    await waitFor('both to have all', () => numbers(early).length === 3 && numbers(late).length === 2);
    assert.equal(early.headers['content-encoding'], 'gzip');
    assert.deepEqual(
      [numbers(early), numbers(late)],
      [
        [0, 1, 2],
        [1, 2],
      ],
    );
    const plain = await read();
    assert.equal(plain.headers['content-encoding'], undefined);
  });

  it('gives a slow reader the newest picture, not a queue of old ones', async (test) => {
    const { clock, show, read } = await stand(test);
    const slow = await read();
    const quick = await read();
    await waitFor('the first picture', () => numbers(slow).length === 1);
    slow.pause();
    const count = 24;
    for (let n = 1; n <= count; n++) {
      show({ n, text: 'x'.repeat(1024 * 1024) });
      await clock.advance(1000);
      await waitFor(`picture ${n} with the quick one`, () => numbers(quick).at(-1) === n);
    }
    slow.resume();
    await waitFor('the newest picture', () => numbers(slow).at(-1) === count);
    assert.ok(numbers(slow).length < count / 2, `${numbers(slow).length} pictures`);
    assert.deepEqual(numbers(quick).length, count + 1);
  });

  it('cuts off who has read nothing for a minute, and turns away who is one too many', async (test) => {
    const { clock, hub, show, read, url } = await stand(test, 2);
    const stuck = await read();
    stuck.pause();
    await read();
    const refused = await fetch(url);
    assert.equal(refused.status, 503);
    assert.match(await refused.text(), /2 clients read the events already; GET \/api\/v1\/picture/);
    show({ n: 1, text: 'x'.repeat(32 * 1024 * 1024) });
    await clock.advance(1000);
    show({ n: 2 });
    await clock.advance(62_000);
    await waitFor('one place to be free', () => hub.clientCount === 1);
  });

  it('makes no picture while nobody reads, and ends its streams whole on stop', async (test) => {
    const { clock, hub, show, read, url } = await stand(test);
    const reader = await read();
    const other = await read({ 'accept-encoding': 'gzip' });
    await waitFor('both', () => hub.clientCount === 2);
    other.close();
    await waitFor('one to be gone', () => hub.clientCount === 1);
    hub.close();
    await waitFor('the end', () => reader.hasEnded);
    show(new Error('nobody may ask'));
    await clock.advance(10_000);
    const refused = await fetch(url);
    assert.equal(refused.status, 503);
    assert.match(await refused.text(), /stagewatch is stopping; GET \/api\/v1\/picture/);
  });

  it('goes on after a picture that failed, and logs that once', async (test) => {
    const { clock, show, read, log } = await stand(test);
    const reader = await read();
    show(new Error('broken'));
    await clock.advance(3000);
    show({ n: 9 });
    await clock.advance(1000);
    await waitFor('the next picture', () => numbers(reader).at(-1) === 9);
    assert.equal(log.filter((line) => line.includes('the picture for the page failed')).length, 1);
  });
});
