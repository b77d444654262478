/** Families of the sentinels: present by stage, newly seen by reason, and how late they were seen. */

import type { SentinelDelay, StageSentinels } from '../fleet/sentinel-model.js';
import { renderLabels } from './exposition.js';
import type { FamilyGroup } from './family.js';
import { writeHistogram } from './histogram-series.js';

export const stageSentinelFamilies: FamilyGroup<StageSentinels> = {
  source: 'sentinels',
  entities: ({ sentinels }) => sentinels.stages.values(),
  labelsOf: ({ stage }) => renderLabels({ stage }),
  families: [
    {
      name: 'pipeline_success_sentinels',
      type: 'gauge',
      help: 'Success sentinels that are present now.',
      labels: ['stage'],
      write({ successes }, series) {
        if (successes !== undefined) series(successes);
      },
    },
    {
      name: 'pipeline_failure_sentinels',
      type: 'gauge',
      help: 'Failure sentinels that are present now; one removed for a retry lowers it.',
      labels: ['stage'],
      write({ failures }, series) {
        if (failures !== undefined) series(failures);
      },
    },
    {
      name: 'pipeline_failures_total',
      type: 'counter',
      help: 'Failure sentinels newly seen, by the reason that their text gives.',
      labels: ['stage', 'reason'],
      write({ newFailures }, series) {
        for (const [reason, count] of Object.entries(newFailures)) series(count, renderLabels({ reason }));
      },
    },
  ],
};

export const sentinelDelayFamilies: FamilyGroup<SentinelDelay> = {
  entities: ({ sentinels }) => (sentinels.delay ? [sentinels.delay] : []),
  labelsOf: () => '',
  families: [
    {
      name: 'pipeline_sentinel_detection_delay_seconds',
      type: 'histogram',
      help: 'Seconds from a sentinel being written to it being counted, of those that appeared while watching.',
      labels: ['le'],
      write({ histogram }, series) {
        writeHistogram(histogram, series);
      },
    },
  ],
};
