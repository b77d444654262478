/** The flow as a table: a row for each stage, with what waits before it, who works at it and what comes out. */

import { STAGE_LINK } from './frame.js';
import type { Placeable } from './grid.js';
import { LIMITS } from './limits.js';
import { COLORS } from './look.js';
import { increase, of, wholeSeconds } from './promql.js';
import {
  AT_WORK,
  drainSeconds,
  IN_TROUBLE,
  jobQuantile,
  trendPerMinute,
  waiting,
  workersWith,
} from './queries.js';
import { table } from './table.js';
import { EMPTY, noneIsGood, thresholds } from './thresholds.js';

export function stageTable(): Placeable {
  return table({
    title: 'Stages: where it waits',
    shows:
      'A row a stage, the longest queue first. "Trend" is what the queue gains a minute; "drains in" is how long it takes ' +
      'to empty at that pace, nothing where it does not; "limit" is the time without progress after which a worker is stuck.',
    good: 'trends around 0, nobody in trouble, and the same number done by all stages that every document passes.',
    otherwise:
      'the first row is the bottleneck. In trouble: open the stage. Nobody in trouble: it needs more workers.',
    noValue: 'No stage is known yet.',
    sortedBy: 'Waiting',
    columns: [
      { of: { label: 'stage' }, title: 'Stage', width: 90, link: STAGE_LINK },
      { of: { label: 'name' }, title: 'Name', width: 130 },
      { of: { expr: `max by (stage, name) (${of('pipeline_stage_info')})` }, title: 'info', isHidden: true },
      { of: { expr: `sum by (stage) (${waiting()})` }, title: 'Waiting', decimals: 0 },
      {
        of: { expr: `sum by (stage) (${trendPerMinute()})` },
        title: 'Trend a minute',
        decimals: 1,
        thresholds: thresholds(COLORS.good, { from: LIMITS.queueRisePerMinute, color: COLORS.attention }),
      },
      { of: { expr: drainSeconds() }, title: 'Drains in', unit: 's', decimals: 1, mappings: [EMPTY] },
      {
        of: { expr: `sum by (stage) (${of('pipeline_stage_orchestrators', 'status!="done"')})` },
        title: 'Documents here',
        decimals: 0,
      },
      { of: { expr: `sum by (stage) (${workersWith(AT_WORK)})` }, title: 'At work', decimals: 0 },
      { of: { expr: `sum by (stage) (${workersWith('idle|starting')})` }, title: 'Idle', decimals: 0 },
      {
        of: { expr: `sum by (stage) (${workersWith(IN_TROUBLE)})` },
        title: 'In trouble',
        decimals: 0,
        thresholds: noneIsGood(),
      },
      {
        of: { expr: `sum by (stage) (${increase('pipeline_stage_jobs_completed_total', '1h')})` },
        title: 'Done, 1 h',
        decimals: 0,
      },
      {
        of: { expr: `sum by (stage) (${increase('pipeline_stage_jobs_failed_total', '1h')})` },
        title: 'Failed, 1 h',
        decimals: 0,
        thresholds: noneIsGood(COLORS.attention),
      },
      { of: { expr: wholeSeconds(jobQuantile(0.95, '1h')) }, title: 'p95 job', unit: 's', decimals: 1 },
      {
        of: { expr: `min by (stage) (${of('pipeline_stage_stall_limit_seconds')})` },
        title: 'Limit',
        unit: 's',
        decimals: 1,
      },
    ],
  });
}
