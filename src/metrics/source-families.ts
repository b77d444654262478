/** Families of the sources: whether each is up, since when, how long a read takes and why reads failed. */

import { FAILURE_REASONS } from '../fleet/failure-reason.js';
import type { SourceHealth } from '../fleet/model.js';
import { renderLabels } from './exposition.js';
import type { FamilyGroup } from './family.js';

const REASON_LABELS = FAILURE_REASONS.map((reason) => [reason, renderLabels({ reason })] as const);

export const sourceFamilies: FamilyGroup<SourceHealth> = {
  entities: ({ sources }) => sources.values(),
  labelsOf: ({ source }) => renderLabels({ source }),
  families: [
    {
      name: 'stagewatch_source_up',
      type: 'gauge',
      help: 'Whether the last read of a source succeeded (1) or failed (0).',
      labels: ['source'],
      write({ isUp }, series) {
        series(isUp ? 1 : 0);
      },
    },
    {
      name: 'stagewatch_source_last_success_timestamp_seconds',
      type: 'gauge',
      help: 'When a source was last read whole, in Unix seconds; absent until it was.',
      labels: ['source'],
      write({ lastSuccessAtMs }, series) {
        if (lastSuccessAtMs !== undefined) series(lastSuccessAtMs / 1000);
      },
    },
    {
      name: 'stagewatch_source_duration_seconds',
      type: 'gauge',
      help: 'How long the last whole read of a source took, in seconds.',
      labels: ['source'],
      write({ lastDurationMs }, series) {
        if (lastDurationMs !== undefined) series(lastDurationMs / 1000);
      },
    },
    {
      name: 'stagewatch_source_failures_total',
      type: 'counter',
      help: 'Failed reads of a source, whole or in part, by reason.',
      labels: ['source', 'reason'],
      write({ failures }, series) {
        for (const [reason, label] of REASON_LABELS) series(failures[reason], label);
      },
    },
  ],
};
