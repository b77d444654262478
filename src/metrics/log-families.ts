/** Family of the lines in logs that fit a pattern of errors. */

import type { LogErrorCount } from '../fleet/log-model.js';
import { renderLabels } from './exposition.js';
import type { FamilyGroup } from './family.js';

export const logFamilies: FamilyGroup<LogErrorCount> = {
  entities: ({ logErrors }) => logErrors,
  labelsOf: ({ stage, pattern }) => renderLabels({ stage, pattern }),
  families: [
    {
      name: 'pipeline_log_errors_total',
      type: 'counter',
      help: 'Lines in the logs of workers that fit a pattern of logs.patterns; only of workers under watch unless logs.follow is set.',
      labels: ['stage', 'pattern'],
      write({ count }, series) {
        series(count);
      },
    },
  ],
};
