/** Families of recovery: restarts by their result, restarts refused by their reason, and what is left of the budget. */

import type { StageRecoveryStats } from './daemon-facts.js';
import { renderLabels } from './exposition.js';
import type { FamilyGroup } from './family.js';

export const recoveryFamilies: FamilyGroup<StageRecoveryStats> = {
  entities: (_fleet, { recovery }) => recovery.values(),
  labelsOf: ({ stage }) => renderLabels({ stage }),
  families: [
    {
      name: 'stagewatch_restarts_total',
      type: 'counter',
      help: 'Restarts by stagewatch since the daemon started, by what came of them; dry_run: it would have been one.',
      labels: ['stage', 'result'],
      write({ results }, series) {
        for (const [result, count] of Object.entries(results)) series(count, renderLabels({ result }));
      },
    },
    {
      name: 'stagewatch_restarts_refused_total',
      type: 'counter',
      help: 'How often recovery came to hold back the restart of a worker, by reason; one that lasts counts once.',
      labels: ['stage', 'reason'],
      write({ refused }, series) {
        for (const [reason, count] of Object.entries(refused)) series(count, renderLabels({ reason }));
      },
    },
    {
      name: 'stagewatch_restart_budget_remaining',
      type: 'gauge',
      help: "How many more restarts the budgets of the stage's containers and of the whole fleet allow now.",
      labels: ['stage'],
      write({ budgetRemaining }, series) {
        series(budgetRemaining);
      },
    },
  ],
};
