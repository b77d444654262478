/** Rebuilds what recovery has used of its budgets from the journal, where the state file was lost or could not be read. */

import { NO_MEMORY, type RecoveryMemory } from './memory.js';
import { withStart } from './memory-changes.js';

/** `entries`: `restart_started`, newest first. Entries that name nobody count for the fleet alone. */
export function memoryFromJournal(entries: readonly { readonly [field: string]: unknown }[]): RecoveryMemory {
  let memory = NO_MEMORY;
  for (const { at, identity, container } of entries.toReversed()) {
    const atMs = Date.parse(String(at));
    const who = identity ?? container;
    if (!Number.isNaN(atMs)) memory = withStart(memory, typeof who === 'string' ? who : '', atMs);
  }
  return memory;
}
