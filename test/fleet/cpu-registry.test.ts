import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { CpuActivity } from '../../src/fleet/cpu-model.js';
import { containerFacts, fleetOf, NOW_MS } from '../support/build-fleet.js';

const NAME = 'paddle-worker-gpu1-0';
const ID = `id-of-${NAME}`;

/** Applies readings of one container, as [seconds from the start, CPU seconds used], and gives what is known after. */
function afterReadings(...readings: readonly (readonly [number, number])[]): CpuActivity | undefined {
  const store = fleetOf(containerFacts(NAME));
  for (const [atSeconds, usedSeconds] of readings) {
    const atMs = NOW_MS + atSeconds * 1000;
    store.apply({ kind: 'cpu-read', atMs, readings: [{ id: ID, usedSeconds }] });
  }
  return store.fleet.cpu.get(NAME);
}

/** Times in seconds from the start, as `afterReadings` takes them. */
function timesOf(activity: CpuActivity | undefined) {
  const seconds = (atMs: number | undefined) => (atMs === undefined ? undefined : (atMs - NOW_MS) / 1000);
  return {
    at: seconds(activity?.atMs),
    first: seconds(activity?.firstAtMs),
    lastBusy: seconds(activity?.lastBusyAtMs),
  };
}

describe('the CPU time of a container', () => {
  it('has no rate after one reading', () => {
    const activity = afterReadings([0, 100]);
    assert.deepEqual(activity, {
      identity: NAME,
      container: NAME,
      usedSeconds: 100,
      atMs: NOW_MS,
      firstAtMs: NOW_MS,
    });
  });

  it('is what it used between two readings', () => {
    const activity = afterReadings([0, 100], [10, 115]);
    assert.deepEqual([activity?.usedSeconds, activity?.recentSeconds, activity?.recentMs], [115, 15, 10_000]);
    assert.deepEqual(timesOf(activity), { at: 10, first: 0, lastBusy: 10 });
  });

  it('looks back a minute, however often it is read and however long it runs', () => {
    const everyTen = Array.from({ length: 31 }, (_, index) => [index * 10, Math.min(index, 20)] as const);
    const activity = afterReadings(...everyTen);
    assert.deepEqual([activity?.recentSeconds, activity?.recentMs], [0, 60_000]);
    assert.deepEqual(timesOf(activity), { at: 300, first: 0, lastBusy: 200 });
  });

  it('is idle below a hundredth of a core', () => {
    assert.deepEqual(timesOf(afterReadings([0, 5], [10, 5.099])).lastBusy, undefined);
    assert.deepEqual(timesOf(afterReadings([0, 5], [10, 5.11])).lastBusy, 10);
  });

  it('begins again when the count falls for good: the container was restarted', () => {
    const activity = afterReadings([0, 100], [10, 120], [20, 3], [30, 3], [40, 4]);
    assert.deepEqual([activity?.usedSeconds, activity?.recentSeconds], [4, undefined]);
    assert.deepEqual(timesOf(activity), { at: 40, first: 40, lastBusy: undefined });
  });

  it('goes on although the count is less for once', () => {
    const activity = afterReadings([0, 100], [10, 120], [20, 0], [30, 120], [40, 120]);
    assert.deepEqual([activity?.usedSeconds, activity?.recentSeconds], [120, 20]);
    assert.deepEqual(timesOf(activity), { at: 40, first: 0, lastBusy: 10 });
  });

  it('begins anew after minutes without a reading, whose average would say nothing of now', () => {
    const activity = afterReadings([0, 100], [10, 120], [131, 200]);
    assert.deepEqual([activity?.usedSeconds, activity?.recentSeconds], [200, undefined]);
    assert.deepEqual(timesOf(activity), { at: 131, first: 131, lastBusy: undefined });
    assert.equal(afterReadings([0, 100], [10, 120], [130, 200])?.recentSeconds, 80);
  });

  it('leaves out a reading that comes late', () => {
    for (const late of [
      [5, 110],
      [10, 120],
      [10, 121],
    ] as const) {
      const activity = afterReadings([0, 100], [10, 120], late, [20, 130]);
      assert.deepEqual(
        [activity?.usedSeconds, activity?.recentSeconds, activity?.recentMs],
        [130, 30, 20_000],
      );
    }
  });

  it('begins anew when the clock was set back by an hour', () => {
    const activity = afterReadings([0, 100], [10, 120], [-3590, 130], [-3580, 130]);
    assert.deepEqual([activity?.recentSeconds, activity?.recentMs], [0, 10_000]);
    assert.deepEqual(timesOf(activity), { at: -3580, first: -3590, lastBusy: undefined });
  });

  it('begins anew when the container is created again', () => {
    const labels = {
      'com.docker.compose.project': 'p',
      'com.docker.compose.service': 'paddle-worker',
      'com.docker.compose.container-number': '1',
    };
    const store = fleetOf(containerFacts('first', { id: 'one', labels }));
    const read = (id: string, atMs: number, usedSeconds: number): void =>
      store.apply({ kind: 'cpu-read', atMs, readings: [{ id, usedSeconds }] });
    read('one', NOW_MS, 10);
    store.apply({ kind: 'container-vanished', id: 'one' });
    const facts = containerFacts('second', { id: 'two', labels });
    store.apply({ kind: 'container-inspected', atMs: NOW_MS + 1, facts });
    read('two', NOW_MS + 10_000, 50);
    const [activity] = store.fleet.cpu.values();
    assert.deepEqual(
      [store.fleet.cpu.size, activity?.container, activity?.usedSeconds, activity?.recentSeconds],
      [1, 'second', 50, undefined],
    );
  });

  it('is forgotten with the container, and never known of strangers', () => {
    const store = fleetOf(containerFacts(NAME), containerFacts('tables-worker-gpu0-0'));
    const read = (atMs: number): void =>
      store.apply({
        kind: 'cpu-read',
        atMs,
        readings: ['id-of-tables-worker-gpu0-0', ID, 'stranger'].map((id) => ({ id, usedSeconds: 1 })),
      });
    read(NOW_MS);
    assert.deepEqual([...store.fleet.cpu.keys()].toSorted(), [NAME, 'tables-worker-gpu0-0']);
    store.apply({ kind: 'container-vanished', id: ID });
    read(NOW_MS + 1);
    assert.deepEqual([...store.fleet.cpu.keys()], ['tables-worker-gpu0-0']);
  });
});
