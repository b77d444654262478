import assert from 'node:assert/strict';
import { test } from 'node:test';
import { containerFacts, fleetOf, NOW_MS } from '../support/build-fleet.js';
import { renderPage } from '../support/render-page.js';

const NAME = 'pipeline_container_cpu_seconds_total';

test('the page shows the CPU time of each container that was read, with what the container is', async () => {
  const store = fleetOf(
    containerFacts('paddle-worker-gpu1-0'),
    containerFacts('orchestrator-1'),
    containerFacts('my-rabbitmq'),
  );
  const series = async () =>
    (await renderPage(store.fleet, NOW_MS)).filter((line) => line.startsWith(`${NAME}{`));
  const read = (names: readonly string[], atMs: number, usedSeconds: number): void => {
    const readings = names.map((name) => ({ id: `id-of-${name}`, usedSeconds }));
    store.apply({ kind: 'cpu-read', atMs, readings });
  };

  assert.deepEqual(await series(), []);
  read(['paddle-worker-gpu1-0', 'orchestrator-1'], NOW_MS, 1.5);
  read(['paddle-worker-gpu1-0'], NOW_MS + 10_000, 2.25);
  assert.deepEqual(await series(), [
    `${NAME}{container="paddle-worker-gpu1-0",role="worker",stage="paddle-worker"} 2.25`,
    `${NAME}{container="orchestrator-1",role="orchestrator"} 1.5`,
  ]);

  store.apply({ kind: 'container-vanished', id: 'id-of-orchestrator-1' });
  assert.equal((await series()).length, 1, 'without waiting for the next reading');
});
