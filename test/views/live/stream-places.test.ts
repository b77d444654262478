import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { refusePlace, STREAM_PLACES, type StreamReader } from '../../../src/views/live/stream-places.js';
import { ask, serveDoor } from '../../support/door-server.js';
import { readEvents } from '../../support/event-stream.js';

const stranger = (address: string): StreamReader => ({ address, isTrusted: false });
const operator: StreamReader = { address: '10.0.0.1', isTrusted: true };

/** As many as get in, one after the other. */
function admit(newcomers: readonly StreamReader[]): readonly StreamReader[] {
  const readers: StreamReader[] = [];
  for (const one of newcomers) {
    if (refusePlace(one, readers, STREAM_PLACES) === undefined) readers.push(one);
  }
  return readers;
}

describe('places at the event stream', () => {
  it('are not taken by one address, nor by many', () => {
    assert.equal(admit(Array.from({ length: 100 }, () => stranger('10.0.0.9'))).length, 16);
    const many = Array.from({ length: 100 }, (_, count) => stranger(`10.0.1.${count}`));
    const readers = admit(many);
    assert.equal(readers.length, 48);
    assert.equal(refusePlace(operator, readers, STREAM_PLACES), undefined);
    assert.match(refusePlace(stranger('10.0.2.1'), readers, STREAM_PLACES) ?? '', /without credentials/);
  });

  it('are there for a known client behind the address of strangers', () => {
    const readers = admit(Array.from({ length: 100 }, () => stranger(operator.address)));
    assert.equal(refusePlace(operator, readers, STREAM_PLACES), undefined);
  });

  it('end at all of them', () => {
    const readers = admit(Array.from({ length: 100 }, () => operator));
    assert.equal(readers.length, 64);
  });

  it('of a daemon: 100 streams of strangers leave the operator his', async (test: TestContext) => {
    const { port } = await serveDoor(test, { bearerToken: 'actor' });
    const url = `http://127.0.0.1:${port}/api/v1/events`;
    const streams = await Promise.all(Array.from({ length: 100 }, () => readEvents(url)));
    const own = await readEvents(url, { 'x-stagewatch-token': 'actor' });
    test.after(() => {
      for (const stream of [...streams, own]) stream.close();
    });
    assert.equal(streams.filter(({ status }) => status === 200).length, 16);
    assert.equal(own.status, 200);
  });

  it('are not held by HEAD, which reads nothing', async (test: TestContext) => {
    const { port } = await serveDoor(test, {});
    const path = '/api/v1/events';
    const heads = Array.from({ length: 20 }, () => ask({ port, path, method: 'HEAD' }));
    const answers = await Promise.all(heads);
    assert.ok(answers.every(({ status, body }) => status === 200 && body === ''));
    const stream = await readEvents(`http://127.0.0.1:${port}${path}`);
    assert.equal(stream.status, 200);
    stream.close();
  });
});
