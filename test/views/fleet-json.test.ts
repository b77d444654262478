import assert from 'node:assert/strict';
import { test } from 'node:test';
import { renderFleetJson } from '../../src/views/fleet-json.js';
import { containerFacts, fleetOf, NOW_MS } from '../support/build-fleet.js';
import { NO_VERDICTS } from '../support/no-verdicts.js';

test('a container tells its CPU time and how many cores it uses, null until that is known', () => {
  const store = fleetOf(containerFacts('paddle-worker-gpu1-0'));
  const cpu = () => {
    const [container] = renderFleetJson(store.fleet, NO_VERDICTS, NOW_MS).containers;
    return [container?.cpuSeconds, container?.cpuRecentCores];
  };
  const read = (atMs: number, usedSeconds: number): void =>
    store.apply({ kind: 'cpu-read', atMs, readings: [{ id: 'id-of-paddle-worker-gpu1-0', usedSeconds }] });

  assert.deepEqual(cpu(), [null, null]);
  read(NOW_MS, 100);
  assert.deepEqual(cpu(), [100, null]);
  read(NOW_MS + 10_000, 125);
  assert.deepEqual(cpu(), [125, 2.5]);
  for (const later of [20_000, 30_000, 40_000]) read(NOW_MS + later, 1);
  assert.deepEqual(cpu(), [1, null], 'after a restart');
});
