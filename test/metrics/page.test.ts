import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { createClassifier } from '../../src/fleet/classify.js';
import { createFleetStore } from '../../src/fleet/fleet-store.js';
import { ALL_FAMILY_GROUPS } from '../../src/metrics/all-families.js';
import { containerFamilies } from '../../src/metrics/container-families.js';
import { renderLabels } from '../../src/metrics/exposition.js';
import { createMetricsPage, type MetricsPageOptions } from '../../src/metrics/page.js';
import { containerFacts, fleetOf, NOW_MS } from '../support/build-fleet.js';
import { createFakeClock } from '../support/fake-clock.js';
import { NO_DAEMON_FACTS } from '../support/no-verdicts.js';
import { parseSeries } from '../support/series.js';
import { TEST_CLASSIFY } from '../support/source-harness.js';

function pageOf({ fleet }: Pick<MetricsPageOptions, 'fleet'>, more: Partial<MetricsPageOptions> = {}) {
  return createMetricsPage({
    daemon: () => NO_DAEMON_FACTS,
    fleet,
    groups: ALL_FAMILY_GROUPS,
    clock: createFakeClock(NOW_MS),
    staleAfterMs: 60_000,
    renderRest: () => Promise.resolve(''),
    onError: (error) => {
      throw error;
    },
    ...more,
  });
}

const text = async (page: ReturnType<typeof pageOf>): Promise<string> => (await page.render()).toString();

describe('/metrics', () => {
  it('is, for a small fleet, exactly the golden page', async () => {
    const store = fleetOf(
      containerFacts('paddle-worker-gpu1-0', { restartCount: 2, hasRestartPolicy: true }),
      containerFacts('orchestrator-1', {
        state: 'exited',
        exitCode: 3,
        finishedAtMs: NOW_MS,
        health: 'unhealthy',
      }),
      containerFacts('my-rabbitmq', {
        labels: { 'com.docker.compose.project': 'run', 'com.docker.compose.service': 'mq' },
      }),
    );
    const golden = new URL('../../../test/fixtures/metrics/small-fleet.prom', import.meta.url);
    assert.equal(await text(pageOf(store)), readFileSync(golden, 'utf8'));
  });

  it('escapes quotes, newlines and backslashes, and keeps commas and braces', async () => {
    const odd = 'a "b", \\ c\nd {e="f"}';
    const store = fleetOf(
      containerFacts('x-worker-gpu0-0', { image: odd, labels: { 'stagewatch.stage': odd } }),
    );
    const series = parseSeries(await text(pageOf(store)));
    assert.equal(series.value('pipeline_container_info', { stage: odd, image: odd }), 1);
  });

  it('leaves out empty labels', () => {
    assert.equal(renderLabels({ a: '', b: undefined, c: 'x' }), 'c="x"');
  });

  it('never shows half of a change that comes while it is rendered', async () => {
    const names = Array.from({ length: 5000 }, (_, index) => `x-worker-gpu0-${index}`);
    const store = fleetOf(...names.map((name) => containerFacts(name)));
    // A clock that runs makes every slice end at once, so that the change comes in between.
    let nowMs = NOW_MS;
    const clock = { ...createFakeClock(NOW_MS), monotonicMs: () => (nowMs += 10) };
    const rendered = pageOf(store, { clock }).render();
    for (const name of names) {
      const facts = containerFacts(name, { state: 'exited', finishedAtMs: NOW_MS, exitCode: 1 });
      store.apply({ kind: 'container-inspected', atMs: NOW_MS, facts });
    }
    const series = parseSeries((await rendered).toString());
    const running = series
      .all('pipeline_container_state')
      .filter(({ labels }) => labels['state'] === 'running');
    assert.equal(
      running.reduce((sum, { value }) => sum + value, 0),
      5000,
    );
    assert.equal(series.value('pipeline_containers', { role: 'worker', state: 'running' }), 5000);
    assert.equal(series.all('pipeline_container_last_exit_code').length, 0);
  });

  it('shows a change at the next scrape, and nothing of what vanished', async () => {
    const store = fleetOf(containerFacts('x-worker-gpu0-0'), containerFacts('y-worker-gpu0-0'));
    const page = pageOf(store);
    await page.render();
    store.apply({ kind: 'container-vanished', id: 'id-of-y-worker-gpu0-0' });
    store.apply({
      kind: 'container-event',
      event: { id: 'id-of-x-worker-gpu0-0', action: 'oom', atMs: NOW_MS },
    });
    const now = await text(page);
    assert.equal(parseSeries(now).value('pipeline_container_oom_events_total'), 1);
    assert.doesNotMatch(now, /y-worker/);
  });

  it('drops the gauges of a source that is down for long, and keeps its counters', async () => {
    const store = fleetOf(containerFacts('x-worker-gpu0-0'));
    const clock = createFakeClock(NOW_MS);
    const page = pageOf(store, { clock });
    store.apply({ kind: 'source-failed', source: 'docker', atMs: NOW_MS, reason: 'timeout', problem: 'x' });
    await clock.advance(60_000);
    assert.ok(parseSeries(await text(page)).names.has('pipeline_container_state'), 'a minute is bridged');
    await clock.advance(1);
    const { names, value } = parseSeries(await text(page));
    assert.equal(names.has('pipeline_container_state'), false);
    assert.equal(names.has('pipeline_containers'), false);
    assert.equal(names.has('pipeline_container_exits_total'), true);
    assert.equal(value('stagewatch_source_up'), 0);
  });

  it('loses only the series of a family that fails, and says so', async () => {
    const broken = {
      ...containerFamilies,
      families: containerFamilies.families.map((family) =>
        family.name === 'pipeline_container_health'
          ? {
              ...family,
              write: () => {
                throw new Error('broken');
              },
            }
          : family,
      ),
    };
    const errors: unknown[] = [];
    const store = fleetOf(containerFacts('x-worker-gpu0-0', { health: 'healthy' }));
    const onError = (error: unknown): number => errors.push(error);
    const renderRest = () => Promise.reject(new Error('rest'));
    const { names } = parseSeries(await text(pageOf(store, { groups: [broken], onError, renderRest })));
    assert.equal(names.has('pipeline_container_health'), false);
    assert.equal(names.has('pipeline_container_state'), true);
    assert.equal(errors.length, 2);
  });

  it('shows no gauge of a source that has not been read yet', async () => {
    const store = createFleetStore(createClassifier(TEST_CLASSIFY));
    store.apply({ kind: 'source-watched', source: 'docker', target: 'unix:///d.sock' });
    const { names, value } = parseSeries(await text(pageOf(store)));
    assert.equal(names.has('pipeline_containers'), false);
    assert.equal(value('stagewatch_source_up', { source: 'docker' }), 0);
  });

  it('stays whole when a group cannot name or list its entities', async () => {
    const fail = (): never => {
      throw new Error('broken');
    };
    const errors: unknown[] = [];
    const groups = [
      { ...containerFamilies, labelsOf: fail },
      { ...containerFamilies, entities: fail },
      ...ALL_FAMILY_GROUPS,
    ];
    const page = pageOf(fleetOf(containerFacts('x-worker-gpu0-0')), {
      groups,
      onError: (error) => errors.push(error),
    });
    assert.ok(parseSeries(await text(page)).names.has('stagewatch_source_up'));
    assert.ok(errors.length > 0);
  });

  it('is rendered once for scrapes that come together', async () => {
    const page = pageOf(fleetOf());
    const [one, other] = await Promise.all([page.render(), page.render()]);
    assert.equal(one, other);
    assert.notEqual(await page.render(), one);
  });

  it('has every family once, documented, and no label that is not declared', async () => {
    const store = fleetOf(
      containerFacts('x-worker-gpu0-0', {
        health: 'healthy',
        exitCode: 1,
        state: 'exited',
        finishedAtMs: NOW_MS,
      }),
    );
    const page = await text(pageOf(store));
    const families = ALL_FAMILY_GROUPS.flatMap(({ families }) => families);
    assert.equal(new Set(families.map(({ name }) => name)).size, families.length);
    const docs = readFileSync('docs/metrics.md', 'utf8');
    const series = parseSeries(page);
    for (const { name, labels } of families) {
      assert.ok(docs.includes(`\`${name}\``), `${name} is not documented`);
      for (const one of series.all(name)) {
        for (const label of Object.keys(one.labels))
          assert.ok(labels.includes(label), `${name} has ${label}`);
      }
    }
  });
});
