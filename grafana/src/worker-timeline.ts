/** What the worst workers were over time: one row a worker, worst first, never more than fit on a screen. */

import type { Placeable } from './grid.js';
import { WORKER_LOOK } from './look.js';
import { stateTimeline } from './panels.js';
import { of, overTime } from './promql.js';
import { statusMappings } from './thresholds.js';

const ROWS = 20;
const WORKER = 'instance, container, stage';
/** One digit of status before five digits of how often it was in trouble. */
const DIGITS = 100_000;

export function workerTimeline(matchers = '', where = ''): Placeable {
  return stateTimeline({
    title: `Workers over time, worst first${where}`,
    shows:
      `The ${ROWS} workers that need attention most: by their status now (stuck, down, starved, slow), then by how long ` +
      'they were in trouble within the range shown.',
    good: 'green, with grey where there is no work; short light blue after a start.',
    otherwise:
      'a red-orange bar is a worker that hangs now: open it from the table above. ' +
      'The same colour on many rows at the same moment has one cause: look at GPU, queue and host first.',
    mappings: statusMappings(WORKER_LOOK),
    targets: [overTime({ expr: sortedByBadness(matchers), legend: '{{container}} {{stage}}' })],
  });
}

/**
 * The number of the status, with a label `badness` that falls as things get worse. Prometheus sorts series by labels in
 * the order of their names, and `badness` comes before all others, so that the rows stand worst first in any Grafana.
 */
function sortedByBadness(matchers: string): string {
  const atEnd = ' @ end()';
  const trouble = of('pipeline_worker_status', and(matchers, 'status=~"slow|starved|down|stuck"'));
  const lasted = `sum by (${WORKER}) (sum_over_time(${trouble}[$__range]${atEnd}))`;
  const badness = `${DIGITS} * ${statusNumber(matchers, atEnd)}\n  + clamp_max(${lasted}, ${DIGITS - 1})`;
  const key = `${10 * DIGITS - 1} - topk(${ROWS}, ${badness})`;
  return (
    `${statusNumber(matchers)}\n* on (${WORKER}) group_left (badness)\n` +
    `count_values by (${WORKER}) ("badness", ${key})`
  );
}

/** One number a worker: the rank of the status that it has. */
export function statusNumber(matchers: string, at = ''): string {
  const terms = Object.entries(WORKER_LOOK)
    .toSorted(([, one], [, other]) => one.rank - other.rank)
    .map(
      ([word, { rank }]) =>
        `${of('pipeline_worker_status', and(matchers, `status="${word}"`))}${at} * ${rank}`,
    );
  return `max by (${WORKER}) (\n  ${terms.join('\n  or ')}\n)`;
}

function and(...matchers: readonly string[]): string {
  return matchers.filter((one) => one !== '').join(',');
}
