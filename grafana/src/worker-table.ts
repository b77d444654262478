/** Who is at what now: a row for each worker, the worst first, with a link to its page. */

import { WORKER_LINK } from './frame.js';
import type { Placeable } from './grid.js';
import { CLOCK, COLORS, WORKER_LOOK } from './look.js';
import { increase, of, wholeSeconds } from './promql.js';
import { table } from './table.js';
import { noneIsGood, statusMappings } from './thresholds.js';
import { statusNumber } from './worker-timeline.js';

export function workerTable(matchers: string, stage: string): Placeable {
  const byContainer = (expression: string): string => `max by (container) (${expression})`;
  return table({
    title: `Workers of ${stage} now`,
    shows: 'What each worker does, how far its job is and how long ago it last moved.',
    good: 'active, with a silence that is short against the limit in force.',
    otherwise:
      'open the name: evidence, last log lines, the command for more, and what a restart would cost.',
    noValue: 'No worker of this stage is known.',
    sortedBy: 'Status',
    columns: [
      { of: { label: 'container' }, title: 'Container', link: WORKER_LINK },
      {
        of: { expr: byContainer(statusNumber(matchers)) },
        title: 'Status',
        mappings: statusMappings(WORKER_LOOK),
      },
      { of: { label: 'gpu' }, title: 'GPU', width: 70 },
      {
        of: {
          expr: `max by (container, gpu) (${of('pipeline_container_info', `role="worker",${matchers}`)})`,
        },
        title: 'info',
        isHidden: true,
      },
      {
        of: { expr: byContainer(of('pipeline_worker_job_progress_ratio', matchers)) },
        title: 'Job done',
        unit: 'percentunit',
        decimals: 0,
      },
      {
        of: {
          expr: wholeSeconds(
            byContainer(`time() - ${of('pipeline_worker_job_start_timestamp_seconds', matchers)}`),
          ),
        },
        title: 'Job since',
        unit: CLOCK,
      },
      {
        of: {
          expr: wholeSeconds(
            byContainer(`time() - ${of('pipeline_worker_last_progress_timestamp_seconds', matchers)}`),
          ),
        },
        title: 'Silent for',
        unit: CLOCK,
      },
      {
        of: {
          expr: `sum by (container) (${increase('pipeline_container_restarts_total', '$__range', `role="worker",${matchers}`)})`,
        },
        title: 'Restarts in the range',
        decimals: 0,
        thresholds: noneIsGood(COLORS.attention),
      },
    ],
  });
}
