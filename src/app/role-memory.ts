/** Keeps who is who by the broker's clients over a restart of the daemon: a broker that is away then changes nobody's role. */

import type { DiscoveredRoles } from '../fleet/fleet-store.js';
import type { DurableSection } from '../lib/durable-section.js';

export interface RoleMemory {
  /** After the state file is open. */
  restore(): void;
  /** Something was observed, and roles may have changed. */
  note(): void;
}

export function createRoleMemory(roles: DiscoveredRoles, section: DurableSection): RoleMemory {
  let saved = roles.changes;
  return {
    restore() {
      roles.restore(section.load());
      saved = roles.changes;
    },
    note() {
      if (roles.changes === saved) return;
      saved = roles.changes;
      section.save(roles.save);
    },
  };
}
