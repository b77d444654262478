/** What was before, bounded: the samples and incidents that a detector needs beside the picture of now. */

import type { Fleet } from '../fleet/model.js';
import type { DetectionSettings } from './settings.js';

export interface Histories {
  /** Takes down what is new in the picture; called once before each judgement. */
  note(fleet: Fleet, settings: DetectionSettings, nowMs: number): void;
}

export function createHistories(): Histories {
  return {
    note() {},
  };
}
