/** The rules of grafana/dashboard-linter, which is a Go program: the same names, so that its documentation applies. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as units from '@grafana/grafana-foundation-sdk/units';
import {
  type Dashboard,
  type Panel,
  parseQuery,
  readDashboards,
  type Target,
} from '../support/dashboards.js';

const UNITS = new Set<unknown>(Object.values(units));
const WITH_TITLE_AND_UNIT = new Set(['stat', 'table', 'timeseries', 'bargauge', 'heatmap', 'state-timeline']);
const WITHOUT_UNIT = new Set(['state-timeline', 'heatmap']);

/** Rule, panel, and why it does not hold there. */
const EXCLUSIONS: readonly (readonly [rule: string, panel: string, reason: string])[] = [
  ['target-job-rule', 'Alerts over time', 'an alert on something absent, or on a sum, bears no job'],
  [
    'target-instance-rule',
    'Alerts over time',
    'an alert on something absent, or on a sum, bears no instance',
  ],
  [
    'target-counter-agg-rule',
    'XID errors in the range',
    'the series begins with the first event, of which increase() knows nothing',
  ],
];

const dashboards = readDashboards();

/** What is wrong, or undefined. */
type PanelRule = (panel: Panel, dashboard: Dashboard) => string | undefined;
type TargetRule = (target: Target, panel: Panel, dashboard: Dashboard) => string | undefined;

const PANEL_RULES: Readonly<Record<string, PanelRule>> = {
  'panel-datasource-rule': ({ datasource }) =>
    datasource.uid === '${datasource}' ? undefined : `is of ${datasource.uid}`,
  'panel-title-description-rule': ({ type, title, description }) =>
    WITH_TITLE_AND_UNIT.has(type) && title !== '' && description !== '' ? undefined : `${type} ${title}`,
  'panel-units-rule': ({ type, fieldConfig: { defaults, overrides } }) => {
    const used = overrides.flatMap(({ properties }) => properties.filter(({ id }) => id === 'unit'));
    const wrong = [defaults.unit, ...used.map(({ value }) => value)].filter(
      (unit) => !UNITS.has(unit) && !(unit === undefined && WITHOUT_UNIT.has(type)),
    );
    return wrong.length === 0 ? undefined : `has units ${wrong.join(', ')}`;
  },
  'panel-no-targets-rule': ({ targets }) => (targets.length > 0 ? undefined : 'has no query'),
};

const TARGET_RULES: Readonly<Record<string, TargetRule>> = {
  'target-promql-rule': ({ expr }) => (parse(expr).hasErrors ? `does not parse: ${expr}` : undefined),
  // There is no Loki: a query in its language would not parse above.
  'target-logql-rule': ({ datasource }) => (datasource.type === 'prometheus' ? undefined : datasource.type),
  'target-logql-auto-rule': ({ expr }) => (expr.includes('$__auto') ? '$__auto is for Loki' : undefined),
  'target-rate-interval-rule': ({ expr }) => {
    const rates = parse(expr).selectors.filter(({ calledBy }) => /^i?rate$/.test(calledBy ?? ''));
    return rates.find(({ range }) => range !== RATE_INTERVAL)?.metric;
  },
  'target-job-rule': ({ expr }) => without(expr, 'job=~"$job"'),
  'target-instance-rule': ({ expr }) => without(expr, 'instance=~"$instance"'),
  'target-counter-agg-rule': ({ expr }) =>
    parse(expr).selectors.find(
      ({ metric, calledBy }) => metric.endsWith('_total') && !/^(i?rate|increase)$/.test(calledBy ?? ''),
    )?.metric,
};

const RATE_INTERVAL = '77s';

function parse(expr: string): ReturnType<typeof parseQuery> {
  return parseQuery(
    expr
      .replaceAll('$__rate_interval', RATE_INTERVAL)
      .replaceAll('$__range_s', '3600')
      .replaceAll('$__range', '1h'),
  );
}

function without(expr: string, matcher: string): string | undefined {
  return parse(expr).selectors.find(({ matchers }) => !matchers.includes(matcher))?.metric;
}

describe('rules of the dashboard linter', () => {
  for (const [rule, check] of Object.entries(PANEL_RULES)) {
    it(rule, () => {
      for (const dashboard of dashboards) {
        for (const panel of dashboard.panels)
          judge(rule, { panel, dashboard, problem: check(panel, dashboard) });
      }
    });
  }

  for (const [rule, check] of Object.entries(TARGET_RULES)) {
    it(rule, () => {
      for (const dashboard of dashboards) {
        for (const panel of dashboard.panels) {
          for (const target of panel.targets) {
            judge(rule, { panel, dashboard, problem: check(target, panel, dashboard) });
          }
        }
      }
    });
  }

  it('template-datasource-rule', () => {
    for (const { templating, title } of dashboards) {
      const [first, ...more] = templating.list.filter(({ type }) => type === 'datasource');
      assert.deepEqual(
        [first?.name, first?.label, first?.query],
        ['datasource', 'Data source', 'prometheus'],
        title,
      );
      assert.equal(more.length, 0);
    }
  });

  for (const [name, label] of [
    ['job', 'Job'],
    ['instance', 'Instance'],
  ] as const) {
    it(`template-${name}-rule`, () => {
      for (const { templating, title } of dashboards) {
        const variable = templating.list.find((one) => one.name === name);
        assert.deepEqual(
          [variable?.type, variable?.label, variable?.multi, variable?.allValue, variable?.datasource?.uid],
          ['query', label, true, '.+', '${datasource}'],
          title,
        );
      }
    });
  }

  it('template-label-promql-rule', () => {
    for (const variable of queried()) {
      const [, metric = ''] = /^label_values\((.+), \w+\)$/.exec(variable.query) ?? [];
      assert.ok(metric !== '' && !parse(metric).hasErrors, variable.query);
    }
  });

  it('template-on-time-change-reload-rule', () => {
    for (const variable of queried()) assert.equal(variable.refresh, 2, variable.name);
  });

  it('uneditable-dashboard-rule', () => {
    for (const { editable, title } of dashboards) assert.equal(editable, false, title);
  });

  it('are excluded only where they do not hold', () => {
    for (const [rule, title] of EXCLUSIONS)
      assert.ok(used.has(`${rule} ${title}`), `${rule} holds for ${title}`);
  });
});

const queried = () =>
  dashboards.flatMap(({ templating }) => templating.list.filter(({ type }) => type === 'query'));

/** Exclusions that were needed. */
const used = new Set<string>();

interface Judged {
  readonly panel: Panel;
  readonly dashboard: Dashboard;
  readonly problem: string | undefined;
}

function judge(rule: string, { panel, dashboard, problem }: Judged): void {
  if (problem === undefined) return;
  const isExcluded = EXCLUSIONS.some(([one, title]) => one === rule && title === panel.title);
  assert.ok(isExcluded, `${dashboard.title}, ${panel.title}: ${problem}`);
  used.add(`${rule} ${panel.title}`);
}
