import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { fillIn, type Panel, parseQuery, readDashboards, type Target } from '../support/dashboards.js';
import { knownMetrics } from '../support/known-metrics.js';
import { skipWithout } from '../support/machine.js';
import type { RealPrometheus } from '../support/real-prometheus.js';
import {
  recordSimulatedHistory,
  type SimulatedHistory,
  startHistoryPrometheus,
} from '../support/simulated-history.js';
import { tempDir } from '../support/temp-dir.js';

const dashboards = readDashboards();
/** More lines than anybody can tell apart. */
const MAX_SERIES = 20;
const SCRAPE_SECONDS = 15;

/** Metrics that Prometheus adds beside `up`. */
const MORE_METRICS = ['scrape_duration_seconds', 'ALERTS'];

/** Panel and query that show nothing of the simulated run, and why. */
const EMPTY: Readonly<Record<string, string>> = {
  'Notifications A': 'the daemon of the simulated run tells nobody',
  'Failures of $stage C': 'the simulated workers have no logs',
  'Alerts over time C': 'nothing of severity info happens',
};

describe('queries of the dashboards', () => {
  it('ask only for metrics that there are', async () => {
    const known = new Set([...(await knownMetrics()).keys(), ...MORE_METRICS]);
    for (const { panels, templating, title } of dashboards) {
      const variables = templating.list.flatMap(
        ({ query }) => /^label_values\((.+), \w+\)$/.exec(query)?.[1] ?? [],
      );
      const queries = panels.flatMap(({ targets }) => targets.map(({ expr }) => expr));
      for (const query of [...queries, ...variables]) {
        for (const { metric } of parseQuery(fillIn(query, valuesOf({}))).selectors) {
          assert.ok(known.has(metric), `${title}: ${metric}`);
        }
      }
    }
  });
});

describe('dashboards on a simulated run', { skip: skipWithout('prometheus') }, () => {
  let prometheus: RealPrometheus;
  let history: SimulatedHistory;
  const cleanUp: (() => Promise<unknown>)[] = [];

  before(async () => {
    const folder = await tempDir({ after: (task: () => Promise<unknown>) => cleanUp.push(task) } as never);
    history = await recordSimulatedHistory({ folder });
    prometheus = await startHistoryPrometheus(folder);
    cleanUp.unshift(prometheus.stop);
  });
  after(async () => {
    for (const task of cleanUp) await task();
  });

  async function run(target: Target, values: Record<string, string>): Promise<readonly Labels[]> {
    const expr = fillIn(target.expr, valuesOf({ ...values, minStep: target.interval ?? '' }));
    if (target.instant) return (await prometheus.query(expr, history.endMs)).map(({ metric }) => metric);
    const range = {
      fromMs: history.startMs,
      toMs: history.endMs,
      stepMs: stepSeconds(target.interval) * 1000,
    };
    return (await prometheus.queryRange(expr, range)).map(({ metric }) => metric);
  }

  async function stagesOf(title: string): Promise<readonly string[]> {
    const isOfStage = dashboards
      .find((one) => one.title === title)
      ?.templating.list.some(({ name }) => name === 'stage');
    if (!isOfStage) return [''];
    const stages = await prometheus.query('group by (stage) (pipeline_stage_workers)', history.endMs);
    return stages.map(({ metric }) => metric['stage'] ?? '');
  }

  for (const { title, panels, templating } of dashboards) {
    it(`${title}: every panel shows something, with its labels, and not too much`, async () => {
      const stages = await stagesOf(title);
      for (const panel of panels) {
        for (const target of panel.targets) {
          let most: readonly Labels[] = [];
          for (const stage of stages) {
            const result = await run(target, { stage });
            if (result.length > most.length) most = result;
          }
          checkResult(panel, target, most);
        }
      }
    });

    it(`${title}: its variables have values`, async () => {
      for (const { query } of templating.list.filter(({ type }) => type === 'query')) {
        const [, metric = '', label = ''] = /^label_values\((.+), (\w+)\)$/.exec(query) ?? [];
        const found = await prometheus.query(
          `group by (${label}) (${fillIn(metric, valuesOf({}))})`,
          history.endMs,
        );
        assert.ok(
          found.some((one) => (one.metric[label] ?? '') !== ''),
          query,
        );
      }
    });
  }

  it('the workers over time stand worst first', async () => {
    const panel = dashboards
      .flatMap((one) => one.panels)
      .find(({ title }) => title.startsWith('Workers over time'));
    const expr = fillIn(panel?.targets[0]?.expr ?? '', valuesOf({}));
    const range = { fromMs: history.startMs, toMs: history.endMs, stepMs: 60_000 };
    const rows = await prometheus.queryRange(expr, range);
    const last = rows.map(({ values }) => values.at(-1)?.value ?? 0);
    assert.equal(rows.length, MAX_SERIES);
    assert.deepEqual(
      last,
      last.toSorted((one, other) => other - one),
    );
    assert.ok((last[0] ?? 0) > (last.at(-1) ?? 0), 'there are good and bad ones');
    assert.ok(rows.every(({ values }) => values.every(({ value }) => value >= 1 && value <= 8)));
  });
});

type Labels = Readonly<Record<string, string>>;

function checkResult({ title, type }: Panel, target: Target, result: readonly Labels[]): void {
  const where = `${title} ${target.refId}`;
  if (EMPTY[where] !== undefined) {
    assert.equal(result.length, 0, `${where} is not empty any more`);
    return;
  }
  assert.ok(result.length > 0, `${where} is empty: ${target.expr}`);
  if (type === 'timeseries' || type === 'state-timeline') {
    assert.ok(result.length <= MAX_SERIES, `${where} has ${result.length} series`);
  }
  for (const [, label = ''] of target.legendFormat.matchAll(/\{\{(\w+)\}\}/g)) {
    for (const labels of result)
      assert.ok(label in labels, `${where} has no label ${label}: ${JSON.stringify(labels)}`);
  }
}

function stepSeconds(minStep: string | undefined): number {
  const [, count, unit] = /^(\d+)([sm])$/.exec(minStep ?? '') ?? [];
  return count === undefined ? SCRAPE_SECONDS : Number(count) * (unit === 'm' ? 60 : 1);
}

/** As Grafana fills them in for the range of the simulated run: everything chosen. */
function valuesOf({
  stage = '',
  minStep = '',
}: {
  stage?: string;
  minStep?: string;
}): Record<string, string> {
  const step = stepSeconds(minStep);
  return {
    job: '.+',
    instance: '.+',
    gpu: '.+',
    stage,
    __range: '2h',
    __range_s: '7200',
    __rate_interval: `${Math.max(step + SCRAPE_SECONDS, 4 * SCRAPE_SECONDS)}s`,
  };
}
