/** The table of open findings, worst first and the longest lasting first among equals. */

import { RUNBOOK_LINK, STAGE_LINK, WORKER_LINK } from './frame.js';
import type { Placeable } from './grid.js';
import { CLOCK } from './look.js';
import { of, wholeSeconds } from './promql.js';
import { table } from './table.js';
import { severityMappings } from './thresholds.js';

const LABELS = 'severity, kind, container, stage, queue, gpu, source';
/** Longer than any finding lasts, in seconds: keeps a warning below every critical. */
const APART = 1e9;

/** `matchers` choose findings, as those of a stage. Consequences of a common cause are left to their cause. */
export function problemTable(matchers = '', where = ''): Placeable {
  const age = (more = ''): string => {
    const chosen = ['cause=""', matchers, more].filter((one) => one !== '').join(',');
    return `time() - ${of('pipeline_finding_began_timestamp_seconds', chosen)}`;
  };
  const rank = [
    `(${age('severity="critical"')}) + ${2 * APART}`,
    `(${age('severity="warning"')}) + ${APART}`,
    `${age('severity="info"')}`,
  ].join('\nor ');
  return table({
    title: `What is wrong now${where}`,
    shows:
      'Every open finding, the critical ones first, then by age. Consequences of a common cause are folded into it. ' +
      'Why we say so stands on the page of stagewatch: follow the name of the container.',
    good: 'no row.',
    otherwise:
      'begin at the top: the container leads to its evidence and the command for its logs, the kind to its runbook, ' +
      'which says what it means, what to look at and what clears it.',
    noValue: 'All well: nothing is wrong now.',
    sortedBy: 'rank',
    columns: [
      { of: { label: 'severity' }, title: 'Severity', width: 110, mappings: severityMappings() },
      { of: { label: 'kind' }, title: 'What', width: 180, link: RUNBOOK_LINK },
      { of: { label: 'container' }, title: 'Container', link: WORKER_LINK },
      { of: { label: 'stage' }, title: 'Stage', width: 110, link: STAGE_LINK },
      { of: { label: 'queue' }, title: 'Queue', width: 110 },
      { of: { label: 'gpu' }, title: 'GPU', width: 70 },
      { of: { label: 'source' }, title: 'Source', width: 100 },
      {
        of: { expr: wholeSeconds(`max by (${LABELS}) (${age()})`) },
        title: 'For',
        unit: CLOCK,
        width: 130,
      },
      { of: { expr: `max by (${LABELS}) (\n${rank}\n)` }, title: 'rank', isHidden: true },
    ],
  });
}
