import assert from 'node:assert/strict';
import { test } from 'node:test';
import { containerFacts, NOW_MS } from '../support/build-fleet.js';
import { createProgressFleet, type ProgressFleet, T0 } from '../support/progress-fleet.js';
import { renderPage } from '../support/render-page.js';
import { TEST_CLASSIFY } from '../support/source-harness.js';

const W = 'spine-worker-gpu0-0';
const FILE = { [W]: { stage: 'G2', document: 'A' } };

/** The stages that each family gives the container. */
async function stagesOnPage({ fleet }: ProgressFleet): Promise<Record<string, string>> {
  const stages: Record<string, string> = {};
  for (const line of await renderPage(fleet, NOW_MS)) {
    const name = /^(\w+)\{/.exec(line)?.[1];
    const stage = /[{,]stage="([^"]*)"/.exec(line)?.[1];
    if (name && stage !== undefined && line.includes(`container="${W}"`)) stages[name] = stage;
  }
  return stages;
}

function withGpu(fleet: ProgressFleet): void {
  const xids = { totals: new Map<string, number>(), recent: new Map<string, number>() };
  fleet.apply({ kind: 'gpus-read', atMs: T0, gpus: [{ uuid: 'GPU-1', index: '0', memory: {}, xids }] });
}

async function assertAllSay(fleet: ProgressFleet, expected: string): Promise<void> {
  const stages = await stagesOnPage(fleet);
  assert.ok('pipeline_container_info' in stages && 'pipeline_gpu_container_info' in stages);
  assert.deepEqual([...new Set(Object.values(stages))], [expected], JSON.stringify(stages));
}

test('container, GPU link and worker bear the stage that the file tells', async () => {
  const fleet = createProgressFleet();
  fleet.container(containerFacts(W));
  withGpu(fleet);
  await assertAllSay(fleet, 'spine-worker');
  fleet.look(0, FILE);
  await assertAllSay(fleet, 'G2');
  fleet.look(2, { [W]: undefined });
  await assertAllSay(fleet, 'G2');
});

test('a file that was there before its container tells it as soon as it comes', async () => {
  for (const labels of [
    {},
    {
      'com.docker.compose.project': 'run',
      'com.docker.compose.service': 'spine-worker',
      'com.docker.compose.container-number': '1',
    },
  ]) {
    const fleet = createProgressFleet();
    fleet.look(0, FILE);
    fleet.container(containerFacts(W, { labels, gpuRequest: { kind: 'devices', devices: ['0'] } }));
    withGpu(fleet);
    await assertAllSay(fleet, 'G2');
  }
});

test('a told stage stays through events, inspects and re-creation', async () => {
  const fleet = createProgressFleet();
  fleet.container(containerFacts(W, { id: 'one' }));
  withGpu(fleet);
  fleet.look(0, FILE);
  fleet.apply({ kind: 'container-event', event: { id: 'one', action: 'oom', atMs: T0 } });
  await assertAllSay(fleet, 'G2');
  fleet.look(2, { [W]: undefined });
  fleet.apply({ kind: 'container-vanished', id: 'one' });
  fleet.container(containerFacts(W, { id: 'two' }));
  await assertAllSay(fleet, 'G2');
});

test('a label or the configuration wins over what a file tells', async () => {
  const labelled = createProgressFleet();
  labelled.container(containerFacts(W, { labels: { 'stagewatch.stage': 'LABEL' } }));
  const configured = createProgressFleet({
    ...TEST_CLASSIFY,
    stages: [{ id: 'CONFIG', workers: ['spine-*'] }],
  });
  configured.container(containerFacts(W));
  for (const [fleet, expected] of [
    [labelled, 'LABEL'],
    [configured, 'CONFIG'],
  ] as const) {
    withGpu(fleet);
    fleet.look(0, FILE);
    await assertAllSay(fleet, expected);
  }
});
