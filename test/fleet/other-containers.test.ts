import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { containerFacts, NOW_MS } from '../support/build-fleet.js';
import { gpu } from '../support/pipeline-events.js';
import { createProgressFleet } from '../support/progress-fleet.js';
import { renderPage } from '../support/render-page.js';
import { parseSeries } from '../support/series.js';
import { TEST_CLASSIFY } from '../support/source-harness.js';

const SHOWING = { ...TEST_CLASSIFY, docker: { compose_project: null, others: 'show' } } as const;
const pageOf = async (fleet: ReturnType<typeof createProgressFleet>['fleet']) =>
  parseSeries((await renderPage(fleet, NOW_MS)).join('\n'));

describe('a container that fits nothing', () => {
  it('has states, exits, restarts and CPU time on /metrics, and its project', async () => {
    const { apply, fleet } = createProgressFleet(SHOWING);
    apply({ kind: 'source-watched', source: 'docker', target: 'd' });
    const labels = { 'com.docker.stack.namespace': 'shop', 'com.docker.swarm.task.name': 'shop_web.1.x' };
    const facts = containerFacts('shop_web.1.x', { labels, isOomKilled: true, restartCount: 2 });
    apply({ kind: 'container-inspected', atMs: NOW_MS, facts });
    apply({ kind: 'cpu-read', atMs: NOW_MS, readings: [{ id: facts.id, usedSeconds: 7 }] });
    apply({ kind: 'source-read', source: 'docker', atMs: NOW_MS, durationMs: 1 });
    const page = await pageOf(fleet);
    const of = { container: 'shop_web.1.x', role: 'other' };
    assert.equal(page.value('pipeline_container_state', { ...of, state: 'running' }), 1);
    assert.equal(page.value('pipeline_container_restarts_total', { ...of, cause: 'policy' }), 2);
    assert.equal(page.value('pipeline_container_cpu_seconds_total', of), 7);
    assert.equal(page.value('pipeline_container_info', { ...of, project: 'shop' }), 1);
    assert.equal(page.value('pipeline_containers', { role: 'other', state: 'running' }), 1);
  });

  it('is counted, and has no series, beyond the first 500', async () => {
    const { apply, fleet } = createProgressFleet(SHOWING);
    apply({ kind: 'source-watched', source: 'docker', target: 'd' });
    const names = Array.from({ length: 600 }, (_, index) => `build-${index}`);
    for (const name of [...names, 'late-worker-gpu0-0']) {
      apply({ kind: 'container-inspected', atMs: NOW_MS, facts: containerFacts(name) });
    }
    apply({ kind: 'source-read', source: 'docker', atMs: NOW_MS, durationMs: 1 });
    const page = await pageOf(fleet);
    const shown = page.all('pipeline_container_info').map(({ labels }) => labels['container']);
    assert.equal(shown.length, 501);
    assert.ok(
      shown.includes('build-0') && shown.includes('late-worker-gpu0-0') && !shown.includes('build-599'),
    );
    assert.equal(page.value('pipeline_containers', { role: 'other', state: 'running' }), 600);
  });

  it('is a worker by the progress it reports all the same, unless its label says that it is none', () => {
    const { container, look, fleet } = createProgressFleet(SHOWING);
    container({ name: 'ocr-3', id: 'a1' });
    container({ name: 'shell', id: 'a2', labels: { 'stagewatch.role': 'other' } });
    look(0, { 'ocr-3': { stage: 'G3' }, shell: { stage: 'G3' } });
    assert.deepEqual([...fleet.workers.keys()], ['ocr-3']);
    assert.equal(fleet.containers.get('ocr-3')?.role, 'other');
    look(1, { 'ocr-3': undefined });
    assert.equal(fleet.workers.get('ocr-3')?.job, undefined);
  });

  it('pushes no end of a worker out of the memory of ends', () => {
    const { apply, container, fleet } = createProgressFleet(SHOWING);
    for (const name of ['web', 'ocr-worker-1']) {
      container({ name, id: `id-of-${name}` });
      const event = { id: `id-of-${name}`, action: 'die', atMs: NOW_MS, exitCode: 1 } as const;
      apply({ kind: 'container-event', event });
    }
    assert.deepEqual(
      fleet.ends.since(0).map(({ entry }) => entry.identity),
      ['ocr-worker-1'],
    );
    assert.equal(fleet.containers.get('web')?.counters.exits.error, 1);
  });

  it('is no tenant of a GPU, so that an exporter that may use all makes no worker share its own', () => {
    const { apply, container, fleet } = createProgressFleet(SHOWING);
    apply({ kind: 'gpus-read', atMs: NOW_MS, gpus: [gpu('0')] });
    container({ name: 'dcgm-exporter', id: 'a1', gpuRequest: { kind: 'all' } });
    container({ name: 'ocr-worker-gpu0-0', id: 'a2' });
    assert.deepEqual(
      fleet.gpuLinks.map((link) => link.container),
      ['ocr-worker-gpu0-0'],
    );
  });
});
