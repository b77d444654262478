/** What workers are judged by. */

import type { Fleet } from '../fleet/model.js';
import type { Freshness } from './freshness.js';
import type { DetectionSettings } from './settings.js';
import type { SurroundingsIndex } from './surroundings.js';
import type { StageLimits } from './verdicts.js';

export interface WorkerScene {
  readonly fleet: Fleet;
  readonly settings: DetectionSettings;
  readonly nowMs: number;
  readonly freshness: Freshness;
  readonly surroundings: SurroundingsIndex;
  readonly limitsOf: (stage: string | undefined) => StageLimits;
}
