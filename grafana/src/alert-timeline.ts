/** Which alerts fired when: a row for each kind, the critical ones first. */

import type { Severity } from '../../src/detectors/finding.js';
import type { Placeable } from './grid.js';
import { SEVERITY_LOOK } from './look.js';
import { lettered, stateTimeline } from './panels.js';
import { overTime } from './promql.js';
import { fixedColor } from './thresholds.js';

const SEVERITIES: readonly Severity[] = ['critical', 'warning', 'info'];

export function alertTimeline(): Placeable {
  const targets = SEVERITIES.map((severity) =>
    overTime({
      expr: `count by (alertname) (ALERTS{alertstate="firing",alertname=~"Pipeline.+",severity="${severity}"})`,
      legend: `${SEVERITY_LOOK[severity].shape} {{alertname}}`,
    }),
  );
  const panel = stateTimeline({
    title: 'Alerts over time',
    shows:
      'Alerts that fired, a row a kind, with how many at once. Needs the rules of alerts/ in Prometheus.',
    good: 'empty.',
    otherwise:
      'bars that begin together have one cause: PipelineCommonCause, PipelineGpuError or PipelineSourceDown say which.',
    mappings: [],
    showsValues: true,
    targets,
  });
  for (const [index, { refId }] of lettered(targets)
    .map((target) => target.build())
    .entries()) {
    const severity = SEVERITIES[index];
    if (severity && refId) panel.overrideByQuery(refId, [fixedColor(SEVERITY_LOOK[severity].color)]);
  }
  return panel;
}
