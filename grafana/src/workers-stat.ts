/** How many workers have a job that moves, how many are in trouble, and how many there are. */

import { BigValueTextMode } from '@grafana/grafana-foundation-sdk/common';
import type { Placeable } from './grid.js';
import { stat } from './panels.js';
import { now, of } from './promql.js';
import { AT_WORK, IN_TROUBLE, workersWith } from './queries.js';
import { noneIsGood } from './thresholds.js';

export function workersStat(matchers = ''): Placeable {
  const panel = stat({
    title: 'Workers',
    shows: 'Workers with a job that moves, those that are stuck, starved or down, and all there are.',
    good: 'nearly all at work while messages wait, none in trouble.',
    otherwise: 'the workers over time below begin with those in trouble; the rest is idle: it has no work.',
    unit: 'none',
    textMode: BigValueTextMode.ValueAndName,
    noValue: 'no answer',
    targets: [
      now({ expr: `sum(${workersWith(AT_WORK, matchers)})`, legend: 'at work' }),
      now({ expr: `sum(${workersWith(IN_TROUBLE, matchers)})`, legend: 'in trouble' }),
      now({ expr: `sum(${of('pipeline_stage_workers', matchers)})`, legend: 'in all' }),
    ],
  });
  return panel.overrideByName('in trouble', [{ id: 'thresholds', value: noneIsGood().build() }]);
}
