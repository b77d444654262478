/** Families of the failure sentinels that stagewatch itself writes for jobs whose worker was lost. */

import { renderLabels } from './exposition.js';
import type { FamilyGroup } from './family.js';

interface StageCounts {
  readonly stage: string;
  readonly written: number;
  readonly withdrawn: number;
  readonly notWritten: Readonly<Record<string, number>>;
}

export const failureSentinelFamilies: FamilyGroup<StageCounts> = {
  *entities(fleet, { failureSentinels: { written, withdrawn, notWritten, noneNotWritten } }) {
    const stages = new Set([
      ...fleet.stages.keys(),
      ...written.keys(),
      ...withdrawn.keys(),
      ...notWritten.keys(),
    ]);
    for (const stage of stages) {
      yield {
        stage,
        written: written.get(stage) ?? 0,
        withdrawn: withdrawn.get(stage) ?? 0,
        notWritten: notWritten.get(stage) ?? noneNotWritten,
      };
    }
  },
  labelsOf: ({ stage }) => renderLabels({ stage }),
  families: [
    {
      name: 'stagewatch_failure_sentinels_written_total',
      type: 'counter',
      help: 'Failure sentinels that stagewatch wrote for jobs whose worker died or was restarted as stuck.',
      labels: ['stage'],
      write({ written }, series) {
        series(written);
      },
    },
    {
      name: 'stagewatch_failure_sentinels_withdrawn_total',
      type: 'counter',
      help: 'Of those, how many stagewatch removed because their document succeeded after all.',
      labels: ['stage'],
      write({ withdrawn }, series) {
        series(withdrawn);
      },
    },
    {
      name: 'stagewatch_failure_sentinels_not_written_total',
      type: 'counter',
      help: 'Lost jobs for which stagewatch wrote none, by reason; one that changes its reason counts for each.',
      labels: ['stage', 'reason'],
      write({ notWritten }, series) {
        for (const [reason, count] of Object.entries(notWritten)) series(count, renderLabels({ reason }));
      },
    },
  ],
};
