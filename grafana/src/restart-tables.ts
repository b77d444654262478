/** What was restarted, by whom, and whether it helped. */

import { WORKER_LINK } from './frame.js';
import type { Placeable } from './grid.js';
import { COLORS } from './look.js';
import { increase } from './promql.js';
import { table } from './table.js';
import { noneIsGood, wordMappings } from './thresholds.js';

const RANGE = '$__range';

const OUTCOMES = {
  recovered: { text: '✓ recovered', color: COLORS.good },
  not_recovered: { text: '✖ did not recover', color: COLORS.bad },
  failed: { text: '✖ could not be restarted', color: COLORS.bad },
  dry_run: { text: '○ dry run', color: COLORS.calm },
} as const;

/** More than any count: puts what was done before what was refused. */
const FIRST = 1e6;

export function restartOutcomes(): Placeable {
  const done = `sum by (stage, result) (${increase('stagewatch_restarts_total', RANGE)}) > 0`;
  const refused = `sum by (stage, reason) (${increase('stagewatch_restarts_refused_total', RANGE)}) > 0`;
  return table({
    title: 'What stagewatch did about it',
    shows: 'Restarts by stagewatch and how they ended; below them those that it refused, with the reason.',
    good: 'only "recovered".',
    otherwise:
      '"did not recover": the cause is outside the worker. Refused for its budget: look why the same worker needs ' +
      'restarts so often. Only dry runs: it is not allowed to act yet (recovery.dry_run).',
    noValue: 'stagewatch restarted nothing in this range.',
    sortedBy: 'rank',
    columns: [
      { of: { label: 'stage' }, title: 'Stage', width: 120 },
      { of: { label: 'result' }, title: 'Outcome', mappings: [wordMappings(OUTCOMES)] },
      { of: { label: 'reason' }, title: 'Refused because' },
      { of: { expr: `${done}\nor ${refused}` }, title: 'Times', decimals: 0, width: 90 },
      { of: { expr: `(${done}) + ${FIRST}\nor ${refused}` }, title: 'rank', isHidden: true },
    ],
  });
}

export function containerRestarts(): Placeable {
  const by = (metric: string, ...matchers: readonly string[]): string =>
    `sum by (container, stage) (${increase(metric, RANGE, ['role!="other"', ...matchers].join(','))}) > 0`;
  const restarts = 'pipeline_container_restarts_total';
  return table({
    title: 'Who was restarted or ran out of memory, the most often first',
    shows: 'Containers that were started again: by their policy, by stagewatch, by people.',
    good: 'no row.',
    otherwise:
      'one worker again and again: its GPU or its document. All of a stage: their image, or a deployment.',
    noValue: 'Nothing was restarted in this range.',
    sortedBy: 'Restarts',
    columns: [
      { of: { label: 'container' }, title: 'Container', link: WORKER_LINK },
      { of: { label: 'stage' }, title: 'Stage', width: 110 },
      { of: { expr: by(restarts) }, title: 'Restarts', decimals: 0, width: 90 },
      { of: { expr: by(restarts, 'cause="policy"') }, title: 'Policy', decimals: 0, width: 80 },
      { of: { expr: by(restarts, 'cause="stagewatch"') }, title: 'stagewatch', decimals: 0, width: 115 },
      { of: { expr: by(restarts, 'cause="other"') }, title: 'Others', decimals: 0, width: 80 },
      {
        of: { expr: by('pipeline_container_oom_events_total') },
        title: 'Out of memory',
        decimals: 0,
        width: 135,
        thresholds: noneIsGood(),
      },
    ],
  });
}
