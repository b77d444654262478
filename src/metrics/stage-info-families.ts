/** The configured stages, for joins: what a stage is called, where it stands and which queue it has. */

import type { Stage } from '../fleet/stage-model.js';
import { renderLabels } from './exposition.js';
import type { FamilyGroup } from './family.js';

export const stageInfoFamilies: FamilyGroup<Stage> = {
  entities: ({ stages }) => stages.values(),
  labelsOf: ({ id, name, branch, queue, order }) =>
    renderLabels({ stage: id, name, branch, queue, order: String(order) }),
  families: [
    {
      name: 'pipeline_stage_info',
      type: 'gauge',
      help: 'A configured stage with its name, branch, queue and place in the DAG (order, from 1); always 1.',
      labels: ['stage', 'name', 'branch', 'queue', 'order'],
      write(_stage, series) {
        series(1);
      },
    },
  ],
};
