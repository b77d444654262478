/** Says once of each label that is not understood what is wrong with it, and on which container it was first seen. */

import { faultsOfLabels } from '../fleet/label-faults.js';
import type { Observation } from '../fleet/observations.js';
import type { Logger } from '../lib/logger.js';

export interface LabelWatch {
  note(observation: Observation): void;
}

/** Labels that differ on every container are said of no more than so many. */
const MAX_TOLD = 100;

export function createLabelWatch(stages: () => readonly string[], log: Logger): LabelWatch {
  const told = new Set<string>();
  return {
    note(observation) {
      if (observation.kind !== 'container-inspected') return;
      const { name, labels } = observation.facts;
      for (const fault of faultsOfLabels(labels, stages())) {
        if (told.has(fault) || told.size >= MAX_TOLD) continue;
        told.add(fault);
        log.warn({ container: name }, fault);
      }
    },
  };
}
