import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { createLeftOutWatch } from '../../src/app/left-out-watch.js';
import { configSchema } from '../../src/config/schema.js';
import { createEvaluation } from '../../src/detectors/evaluation.js';
import type { Observation } from '../../src/fleet/observations.js';
import type { Logger } from '../../src/lib/logger.js';
import { parseTextFormat } from '../../src/lib/text-format-parser.js';
import { ALL_FAMILY_GROUPS } from '../../src/metrics/all-families.js';
import type { AnyFamilyGroup, FamilyGroup } from '../../src/metrics/family.js';
import { createMetricsPage, type LeftOut } from '../../src/metrics/page.js';
import { anyObservations } from '../support/any-observations.js';
import { containerFacts, fleetOf, NOW_MS } from '../support/build-fleet.js';
import { createFakeClock } from '../support/fake-clock.js';
import { NO_DAEMON_FACTS } from '../support/no-verdicts.js';
import { parseSeries } from '../support/series.js';

const SETTINGS = configSchema.parse({});

async function pageAfter(
  observations: readonly Observation[],
  groups: readonly AnyFamilyGroup[] = ALL_FAMILY_GROUPS,
): Promise<{ text: string; leftOut: LeftOut }> {
  const store = fleetOf();
  for (const source of ['rabbitmq', 'progress', 'sentinels', 'dcgm'] as const) {
    store.apply({ kind: 'source-watched', source, target: source });
    store.apply({ kind: 'source-read', source, atMs: NOW_MS, durationMs: 1 });
  }
  for (const observation of observations) store.apply(observation);
  const evaluation = createEvaluation({ fleet: store.fleet, settings: SETTINGS });
  evaluation.evaluate(NOW_MS);
  let leftOut: LeftOut = { series: 0 };
  const page = createMetricsPage({
    fleet: store.fleet,
    daemon: () => ({ ...NO_DAEMON_FACTS, verdicts: evaluation.verdicts }),
    groups,
    clock: createFakeClock(NOW_MS),
    staleAfterMs: 60_000,
    renderRest: () => Promise.resolve(''),
    onLeftOut: (now) => (leftOut = now),
    onError: (error) => {
      throw error;
    },
  });
  return { text: (await page.render()).toString(), leftOut };
}

describe('/metrics, whatever the sources say', () => {
  it('is read by a strict parser without a fault, so no series stands there twice', async () => {
    await fc.assert(
      fc.asyncProperty(anyObservations, async (observations) => {
        const { text } = await pageAfter(observations);
        assert.deepEqual(parseTextFormat(text).faults, []);
      }),
      { numRuns: 150 },
    );
  });

  it('shows halves of surrogate pairs apart, which UTF-8 cannot hold', async () => {
    const counts = ['\uD800', '\uD801'].map((stage) => ({ stage, successes: 1, failures: 0 }));
    const { text, leftOut } = await pageAfter([{ kind: 'sentinels-counted', counts }]);
    assert.match(text, /pipeline_success_sentinels\{stage="\\\\ud800"\} 1\n/);
    assert.match(text, /pipeline_success_sentinels\{stage="\\\\ud801"\} 1\n/);
    assert.equal(leftOut.series, 0);
  });

  it('shows the first of two containers of one name whole, and tells how much is left out', async () => {
    const twin = (id: string, service: string): Observation => ({
      kind: 'container-inspected',
      atMs: NOW_MS,
      facts: containerFacts('x-worker-gpu0-0', {
        id,
        labels: {
          'stagewatch.stage': 'x',
          'com.docker.compose.project': 'p',
          'com.docker.compose.service': service,
          'com.docker.compose.container-number': '1',
        },
      }),
    });
    const one = await pageAfter([twin('1', 'a')]);
    const both = await pageAfter([twin('1', 'a'), twin('2', 'b')]);
    assert.deepEqual(parseTextFormat(both.text).faults, []);
    assert.equal(one.leftOut.series, 0);
    assert.ok(both.leftOut.series > 0);
    assert.equal(both.leftOut.labels, 'container="x-worker-gpu0-0",role="worker",stage="x"');
    const infos = parseSeries(both.text).all('pipeline_container_info');
    assert.deepEqual(
      infos.map(({ labels }) => labels['container_id']),
      ['1'],
    );
  });

  it('leaves out what one thing says twice', async () => {
    const twice: FamilyGroup<object> = {
      entities: () => [{}],
      labelsOf: () => 'a="b"',
      families: [
        {
          name: 'x',
          type: 'gauge',
          help: 'x',
          labels: ['a', 'c'],
          write(_entity, series) {
            series(1, 'c="d"');
            series(2, 'c="d"');
          },
        },
      ],
    };
    const { text, leftOut } = await pageAfter([], [twice]);
    assert.equal(text, '# HELP x x\n# TYPE x gauge\nx{a="b",c="d"} 1\n');
    assert.deepEqual(leftOut, { series: 1, labels: 'a="b"' });
  });

  it('says once that series are left out, and once that none is', () => {
    const counts: number[] = [];
    const said: unknown[] = [];
    const log = {
      warn: (fields: unknown) => said.push(fields),
      info: (message: string) => said.push(message),
    } as unknown as Logger;
    const watch = createLeftOutWatch({ seriesLeftOut: (count) => counts.push(count) }, log);
    for (const leftOut of [
      { series: 0 },
      { series: 2, labels: 'a' },
      { series: 2, labels: 'a' },
      { series: 0 },
    ])
      watch(leftOut);
    assert.deepEqual(counts, [0, 2, 2, 0]);
    assert.deepEqual(said, [{ series: 2, labels: 'a' }, 'no series is left out of /metrics any more']);
  });
});
