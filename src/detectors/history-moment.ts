/** What histories are told at each look. */

import type { Fleet } from '../fleet/model.js';
import type { FindingKind } from './finding.js';
import type { Freshness } from './freshness.js';
import type { DetectionSettings } from './settings.js';
import type { WorkerVerdict } from './verdicts.js';

export interface HistoryMoment {
  readonly fleet: Fleet;
  readonly settings: DetectionSettings;
  readonly nowMs: number;
  readonly workers: ReadonlyMap<string, WorkerVerdict>;
  /** Those of them with which something may be wrong. */
  readonly notable: ReadonlyMap<string, WorkerVerdict>;
  readonly freshness: Freshness;
  /** A finding of the kind and key is open, perhaps from the life before. */
  readonly isOpen: (kind: FindingKind, key: string) => boolean;
}
