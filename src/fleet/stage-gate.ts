/** Lets only so many stages in that files and messages name: each of them becomes series that Prometheus keeps for weeks. */

import type { ProgressReading } from './progress-model.js';

/** Sentinels have the same limit; a pipeline has dozens. */
const MAX_TOLD_STAGES = 500;

/** Since the daemon's start: a writer that names a new stage each second is ignored from the 501st on, and counted. */
export function createStageGate(): (reading: ProgressReading) => ProgressReading {
  const admitted = new Set<string>();
  return (reading) => {
    const stage = reading.kind === 'report' ? reading.report.stage : undefined;
    if (stage === undefined || admitted.has(stage)) return reading;
    if (admitted.size >= MAX_TOLD_STAGES) {
      const detail = `stage: progress files and messages have named ${MAX_TOLD_STAGES} stages already`;
      return { kind: 'ignored', reason: 'too_many', detail };
    }
    admitted.add(stage);
    return reading;
  };
}
