/** Families of the journal: whether it can be written, and what was lost because it could not. */

import type { JournalStats } from './daemon-facts.js';
import type { FamilyGroup } from './family.js';

export const journalFamilies: FamilyGroup<JournalStats> = {
  entities: (_fleet, { journal }) => [journal],
  labelsOf: () => '',
  families: [
    {
      name: 'stagewatch_journal_entries_dropped_total',
      type: 'counter',
      help: 'Entries of the journal that were lost, because the disk took none for too long.',
      labels: [],
      write({ dropped }, series) {
        series(dropped);
      },
    },
    {
      name: 'stagewatch_journal_writable',
      type: 'gauge',
      help: 'Whether the last attempt to write the journal succeeded (1) or failed (0).',
      labels: [],
      write({ isWritable }, series) {
        series(isWritable ? 1 : 0);
      },
    },
  ],
};
