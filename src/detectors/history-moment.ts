/** What histories are told at each look. */

import type { Fleet } from '../fleet/model.js';
import type { DetectionSettings } from './settings.js';
import type { WorkerVerdict } from './verdicts.js';

export interface HistoryMoment {
  readonly fleet: Fleet;
  readonly settings: DetectionSettings;
  readonly nowMs: number;
  readonly workers: ReadonlyMap<string, WorkerVerdict>;
}
