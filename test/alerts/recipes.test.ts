/** Every query that docs/prometheus.md gives for after a run, on a Prometheus that holds a simulated one. */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { knownMetrics } from '../support/known-metrics.js';
import { skipWithout } from '../support/machine.js';
import { readPromql } from '../support/promql.js';
import type { InstantSeries, RealPrometheus } from '../support/real-prometheus.js';
import {
  recordSimulatedHistory,
  type SimulatedHistory,
  startHistoryPrometheus,
} from '../support/simulated-history.js';
import { tempDir } from '../support/temp-dir.js';

const RECIPES = [...readFileSync('docs/prometheus.md', 'utf8').matchAll(/```promql\n(.+)\n```/g)].map(
  ([, query = '']) => query,
);

describe('recipes for after a run', () => {
  it('name only metrics that there are', async () => {
    const known = new Set([...(await knownMetrics()).keys(), 'ALERTS']);
    assert.ok(RECIPES.length >= 15);
    for (const query of RECIPES)
      for (const metric of readPromql(query).metrics) assert.ok(known.has(metric), `${metric} in ${query}`);
  });
});

describe('recipes on a simulated run', { skip: skipWithout('prometheus') }, () => {
  let prometheus: RealPrometheus;
  let history: SimulatedHistory;
  const cleanups: (() => unknown)[] = [];

  before(async () => {
    const folder = await tempDir({
      after: (task?: unknown) => void cleanups.push(task as () => unknown),
    } as never);
    history = await recordSimulatedHistory({ folder, warmUpMinutes: 50, minutes: 60 });
    prometheus = await startHistoryPrometheus(folder);
  });

  after(async () => {
    await prometheus?.stop();
    for (const cleanup of cleanups) await cleanup();
  });

  /** The run is one of an hour. */
  const ask = (query: string): Promise<readonly InstantSeries[]> =>
    prometheus.query(query.replaceAll('2h', '1h'), history.endMs);

  for (const query of RECIPES) {
    it(`answers ${query}`, async () => {
      const answer = await ask(query);
      assert.ok(answer.length > 0, 'empty');
      for (const { metric, value } of answer) {
        assert.ok(Number.isFinite(value) && value >= 0, `${JSON.stringify(metric)} ${value}`);
      }
    });
  }

  it('add up to what the counters say', async () => {
    const counted = await ask(
      'sum(pipeline_stage_jobs_completed_total) - sum(pipeline_stage_jobs_completed_total offset 2h)',
    );
    const byRecipe = (await ask(RECIPES[0] ?? '')).reduce((sum, { value }) => sum + value, 0);
    const exact = counted[0]?.value ?? Number.NaN;
    assert.ok(exact > 100 && Math.abs(byRecipe - exact) < exact * 0.02, `${byRecipe} instead of ${exact}`);
  });
});
