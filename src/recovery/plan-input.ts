/** Everything a plan is made from, at one moment. */

import type { Verdicts } from '../detectors/verdicts.js';
import type { Fleet } from '../fleet/model.js';
import type { ChangeWatch } from './change-watch.js';
import type { Hold, RecoverySettings } from './decision.js';
import type { RecoveryMemory } from './memory.js';

export interface PlanInput {
  readonly fleet: Fleet;
  readonly verdicts: Verdicts;
  readonly settings: RecoverySettings;
  readonly memory: RecoveryMemory;
  readonly changes: Pick<ChangeWatch, 'around'>;
  /** What is done now can be written down so that it outlives the daemon. */
  readonly canRemember: boolean;
  /** By identity: restarts that were planned and given up a moment ago. */
  readonly aborted?: ReadonlyMap<string, Hold>;
  /** How long anything has not moved is not known now. */
  readonly unsure?: Hold | undefined;
  readonly nowMs: number;
}
