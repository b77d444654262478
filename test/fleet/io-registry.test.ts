import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { IoActivity } from '../../src/fleet/io-model.js';
import { containerFacts, fleetOf, NOW_MS } from '../support/build-fleet.js';

const NAME = 'paddle-worker-gpu1-0';
const ID = `id-of-${NAME}`;

/** Readings of bytes in and out, by seconds. */
function after(...readings: readonly (readonly [atS: number, inBytes: number, outBytes: number])[]) {
  const { apply, fleet } = fleetOf(containerFacts(NAME));
  for (const [atS, inBytes, outBytes] of readings) {
    const atMs = NOW_MS + atS * 1000;
    apply({ kind: 'io-read', atMs, readings: [{ id: ID, inBytes, outBytes }] });
  }
  return fleet.io.get(NAME);
}

const busyAt = (activity: IoActivity | undefined): number | undefined =>
  activity?.lastBusyAtMs === undefined ? undefined : (activity.lastBusyAtMs - NOW_MS) / 1000;

describe('what a container takes in and gives out', () => {
  it('is known from the second reading on', () => {
    assert.equal(after([0, 5e9, 5e9])?.recent, undefined);
    assert.deepEqual(after([0, 100, 10], [10, 400, 30])?.recent, { inBytes: 300, outBytes: 20, ms: 10_000 });
  });

  it('is no motion where it is heartbeats, broadcasts, or answers to scrapes', () => {
    assert.equal(busyAt(after([0, 0, 0], [10, 1000, 1000])), undefined);
    assert.equal(busyAt(after([0, 0, 0], [10, 19_999, 0])), undefined);
    assert.equal(busyAt(after([0, 0, 0], [10, 0, 639_999])), undefined);
  });

  it('is motion where it downloads, streams an answer, or uploads', () => {
    assert.equal(busyAt(after([0, 0, 0], [10, 20_000, 0])), 10);
    assert.equal(busyAt(after([0, 0, 0], [10, 0, 640_000])), 10);
    assert.equal(busyAt(after([0, 0, 0], [10, 20_000, 0], [20, 20_000, 0])), 10, 'it was, and is not now');
  });

  it('begins again with another run of the container, and after a time without a reading', () => {
    assert.equal(busyAt(after([0, 9e6, 0], [10, 8e6, 0])), undefined);
    assert.equal(after([0, 0, 0], [61, 9e9, 0])?.recent, undefined);
  });

  it('goes with the container', () => {
    const { apply, fleet } = fleetOf(containerFacts(NAME));
    const read = (id: string) =>
      apply({ kind: 'io-read', atMs: NOW_MS, readings: [{ id, inBytes: 1, outBytes: 1 }] });
    read(ID);
    assert.equal(fleet.io.size, 1);
    apply({ kind: 'container-vanished', id: ID });
    read('another');
    assert.equal(fleet.io.size, 0);
  });
});
