/** A simulated pipeline, judged as the daemon would, for views: what the API answers at a moment of its run. */

import { configSchema } from '../../src/config/schema.js';
import { createEvaluation } from '../../src/detectors/evaluation.js';
import { createClassifier } from '../../src/fleet/classify.js';
import { createFleetStore } from '../../src/fleet/fleet-store.js';
import { listStages } from '../../src/fleet/list-stages.js';
import type { PlannedFault } from '../../src/simulation/fault-plan.js';
import { type ProfileName, simProfile, simulationConfig } from '../../src/simulation/profile.js';
import { createSimulation } from '../../src/simulation/simulation.js';
import { renderFleetJson } from '../../src/views/fleet-json.js';

const START_MS = 1_763_900_000_000;
const MINUTE_MS = 60_000;
const LOOK_EVERY_MS = 5000;

export interface SimulatedRun {
  readonly profile: ProfileName;
  readonly minutes: number;
  /** Kinds and the minute in which they strike; none is put right before the end. */
  readonly faults: readonly { readonly kind: PlannedFault['kind']; readonly minute: number }[];
}

/** Data of `/api/v1/fleet` at the end of the run; the same for the same run. */
export function simulateFleetJson({ profile, minutes, faults }: SimulatedRun) {
  const config = configSchema.parse(simulationConfig(simProfile(profile)));
  const store = createFleetStore(createClassifier(config));
  store.apply({ kind: 'stages-configured', stages: listStages(config) });
  const evaluation = createEvaluation({ fleet: store.fleet, settings: config });
  const endMs = START_MS + minutes * MINUTE_MS;
  const simulation = createSimulation({
    profile,
    seed: 7,
    startMs: START_MS,
    faults: faults.map(({ kind, minute }) => ({
      kind,
      atMs: START_MS + minute * MINUTE_MS,
      healAtMs: endMs + MINUTE_MS,
    })),
    apply: store.apply,
  });
  for (let nowMs = START_MS; nowMs <= endMs; nowMs += LOOK_EVERY_MS) {
    simulation.runUntil(nowMs);
    evaluation.evaluate(nowMs);
  }
  return renderFleetJson(store.fleet, evaluation.verdicts, endMs);
}
