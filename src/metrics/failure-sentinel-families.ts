/** Family of the failure sentinels that stagewatch itself has written for jobs whose worker was lost. */

import { renderLabels } from './exposition.js';
import type { FamilyGroup } from './family.js';

export const failureSentinelFamilies: FamilyGroup<readonly [stage: string, count: number]> = {
  *entities(fleet, { failureSentinels }) {
    for (const stage of fleet.stages.keys()) {
      if (!failureSentinels.has(stage)) yield [stage, 0] as const;
    }
    yield* failureSentinels;
  },
  labelsOf: ([stage]) => renderLabels({ stage }),
  families: [
    {
      name: 'stagewatch_failure_sentinels_written_total',
      type: 'counter',
      help: 'Failure sentinels that stagewatch wrote for jobs whose worker died or was restarted as stuck.',
      labels: ['stage'],
      write([, count], series) {
        series(count);
      },
    },
  ],
};
