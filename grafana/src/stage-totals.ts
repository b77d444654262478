/** What each stage did over the whole range: jobs, their duration, how long messages waited, how workers spent the time. */

import { STAGE_LINK } from './frame.js';
import type { Placeable } from './grid.js';
import { COLORS } from './look.js';
import { increase, of, wholeSeconds } from './promql.js';
import { AT_WORK, IN_TROUBLE, jobQuantile, messagesWaited } from './queries.js';
import { table } from './table.js';
import { noneIsGood, thresholds } from './thresholds.js';

const RANGE = '$__range';

export function stageTotals(): Placeable {
  const jobs = (what: 'completed' | 'failed'): string =>
    `sum by (stage) (${increase(`pipeline_stage_jobs_${what}_total`, RANGE)})`;
  /** Share of the time of all workers of a stage. */
  const share = (statuses: string): string => {
    const time = (matchers = ''): string =>
      `sum by (stage) (avg_over_time(${of('pipeline_stage_workers', matchers)}[${RANGE}]))`;
    return `${time(`status=~"${statuses}"`)}\n/ ${time()}`;
  };
  return table({
    title: 'Stages, the one that was waited for longest first',
    shows:
      'Totals of the range. "Wait for one job": how long a message waited on average; "at work" and "in trouble": share ' +
      'of the time of the stage’s workers.',
    good: 'waits short against the duration of a job, at work alike at all stages, nothing in trouble.',
    otherwise:
      'first row with much work: give it workers of a stage that is little at work. In trouble: see the alerts.',
    noValue: 'No stage had work in this range.',
    sortedBy: 'Waited in sum',
    columns: [
      { of: { label: 'stage' }, title: 'Stage', width: 110, link: STAGE_LINK },
      { of: { label: 'name' }, title: 'Name', width: 140 },
      { of: { expr: `max by (stage, name) (${of('pipeline_stage_info')})` }, title: 'info', isHidden: true },
      { of: { expr: wholeSeconds(messagesWaited()) }, title: 'Waited in sum', unit: 's', decimals: 1 },
      {
        of: { expr: wholeSeconds(`${messagesWaited()}\n/ (${jobs('completed')} + ${jobs('failed')})`) },
        title: 'Wait for one job',
        unit: 's',
        decimals: 1,
      },
      { of: { expr: jobs('completed') }, title: 'Done', decimals: 0 },
      {
        of: { expr: jobs('failed') },
        title: 'Failed',
        decimals: 0,
        thresholds: noneIsGood(COLORS.attention),
      },
      { of: { expr: wholeSeconds(jobQuantile(0.5, RANGE)) }, title: 'Median job', unit: 's', decimals: 1 },
      { of: { expr: wholeSeconds(jobQuantile(0.95, RANGE)) }, title: 'p95 job', unit: 's', decimals: 1 },
      { of: { expr: share(AT_WORK) }, title: 'At work', unit: 'percentunit', decimals: 0 },
      {
        of: { expr: share(IN_TROUBLE) },
        title: 'In trouble',
        unit: 'percentunit',
        decimals: 1,
        thresholds: thresholds(COLORS.good, { from: 0.01, color: COLORS.bad }),
      },
    ],
  });
}
