/** What all dashboards have in common: variables, links to one another, and how they behave. */

import {
  type Dashboard,
  DashboardBuilder,
  DashboardCursorSync,
  DashboardLinkBuilder,
  DashboardLinkType,
  DatasourceVariableBuilder,
  QueryVariableBuilder as QueryVariable,
  type QueryVariableBuilder,
  TextBoxVariableBuilder,
  VariableRefresh,
  VariableSort,
} from '@grafana/grafana-foundation-sdk/dashboard';
import { type GridRow, layOut } from './grid.js';
import { DATASOURCE } from './promql.js';

export const DASHBOARD_UIDS = {
  runNow: 'stagewatch-run',
  stage: 'stagewatch-stage',
  gpus: 'stagewatch-gpus',
  afterTheRun: 'stagewatch-after',
  self: 'stagewatch-self',
} as const;

const TAG = 'stagewatch';

/** Where the browser of the reader finds what tables link to: only the reader knows. */
const PAGES = [
  {
    name: 'stagewatch',
    label: 'Page of stagewatch',
    description: 'Where your browser reaches the daemon: names of containers in tables lead there.',
    url: 'http://127.0.0.1:9847',
  },
  {
    name: 'prometheus',
    label: 'Page of Prometheus',
    description:
      'Where your browser reaches Prometheus: kinds of problems in tables lead to their runbooks there.',
    url: 'http://127.0.0.1:9090',
  },
] as const;

export interface FrameOptions {
  readonly uid: string;
  readonly title: string;
  readonly description: string;
  /** How far back it looks when opened. */
  readonly from: string;
  /** Empty: not by itself. */
  readonly refresh: string;
  readonly variables?: readonly QueryVariableBuilder[];
  readonly rows: readonly GridRow[];
}

export function frame(options: FrameOptions): Dashboard {
  const dashboard = new DashboardBuilder(options.title)
    .uid(options.uid)
    .description(options.description)
    .tags([TAG])
    .readonly()
    .timezone('browser')
    .tooltip(DashboardCursorSync.Crosshair)
    .time({ from: options.from, to: 'now' })
    .refresh(options.refresh)
    .link(linkToOthers())
    .withVariable(new DatasourceVariableBuilder('datasource').label('Data source').type('prometheus'))
    .withVariable(labelVariable({ name: 'job', label: 'Job', metric: 'stagewatch_build_info' }))
    .withVariable(
      labelVariable({ name: 'instance', label: 'Instance', metric: 'stagewatch_build_info{job=~"$job"}' }),
    );
  for (const variable of options.variables ?? []) dashboard.withVariable(variable);
  for (const page of PAGES) {
    const box = new TextBoxVariableBuilder(page.name).label(page.label).description(page.description);
    dashboard.withVariable(box.defaultValue(page.url));
  }
  for (const panel of layOut(options.rows)) dashboard.withPanel(panel);
  return dashboard.build();
}

/** Values of a label; all of them unless some are chosen. The label is named as the variable. */
export function labelVariable(variable: {
  readonly name: string;
  readonly label: string;
  readonly metric: string;
}): QueryVariableBuilder {
  return oneOf(variable)
    .multi(true)
    .includeAll(true)
    .allValue('.+')
    .current({ text: 'All', value: '$__all' });
}

/** One value of a label. */
export function oneOf({
  name,
  label,
  metric,
}: {
  readonly name: string;
  readonly label: string;
  readonly metric: string;
}): QueryVariableBuilder {
  const query = `label_values(${metric}, ${name})`;
  return new QueryVariable(name)
    .label(label)
    .datasource(DATASOURCE)
    .query(query)
    .definition(query)
    .refresh(VariableRefresh.OnTimeRangeChanged)
    .sort(VariableSort.NaturalAsc);
}

function linkToOthers(): DashboardLinkBuilder {
  return new DashboardLinkBuilder('stagewatch')
    .type(DashboardLinkType.Dashboards)
    .tags([TAG])
    .tooltip('The other dashboards, with the same time and variables')
    .keepTime(true)
    .includeVars(true);
}

/** The page of the daemon with one worker chosen: its evidence, its log command, what a restart would cost. */
export const WORKER_LINK = {
  title: 'Open in stagewatch: evidence, logs command, restart',
  url: '${stagewatch:raw}/#worker=${__data.fields.container}',
};

/** The runbook of a finding; Prometheus serves them as it serves its consoles. */
export const RUNBOOK_LINK = {
  title: 'Open the runbook',
  url: '${prometheus:raw}/consoles/runbooks/Pipeline${__data.fields.kind}.md',
};

export const STAGE_LINK = {
  title: 'Open the stage',
  url: `/d/${DASHBOARD_UIDS.stage}?var-stage=\${__data.fields.stage}&\${datasource:queryparam}&\${job:queryparam}&\${instance:queryparam}&\${__url_time_range}`,
};
