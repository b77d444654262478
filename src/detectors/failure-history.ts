/** How many failures of each stage there were up to when, by reason. */

import type { HistoryMoment } from './history-moment.js';
import { addSample } from './sample-series.js';

export interface FailureSample {
  readonly atMs: number;
  readonly counts: Readonly<Record<string, number>>;
}

export interface FailureHistory {
  /** By stage. */
  readonly samples: ReadonlyMap<string, readonly FailureSample[]>;
  note(moment: Pick<HistoryMoment, 'fleet' | 'settings' | 'nowMs'>): void;
}

const SPACING_MS = 10_000;
/** The window, and the one before it to compare with. */
const WINDOWS = 2.1;

export function createFailureHistory(): FailureHistory {
  const samples = new Map<string, readonly FailureSample[]>();
  return {
    samples,
    note({ fleet: { sentinels }, settings, nowMs }) {
      const limits = { spacingMs: SPACING_MS, keptMs: settings.detection.failures_window * WINDOWS };
      for (const stage of samples.keys()) if (!sentinels.stages.has(stage)) samples.delete(stage);
      for (const [stage, { newFailures }] of sentinels.stages) {
        const sample = { atMs: nowMs, counts: newFailures };
        samples.set(stage, addSample(samples.get(stage) ?? [], sample, limits));
      }
    },
  };
}
