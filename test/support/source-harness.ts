/** What a source needs around it in a test: a fleet to speak to and a log to look at. */

import { type ClassifyConfig, createClassifier } from '../../src/fleet/classify.js';
import { createFleetStore, type FleetStore } from '../../src/fleet/fleet-store.js';
import type { Observation } from '../../src/fleet/observations.js';
import type { Clock } from '../../src/lib/clock.js';
import { systemClock } from '../../src/lib/clock.js';
import { createLogger } from '../../src/lib/logger.js';
import type { SourceContext } from '../../src/sources/source.js';

export interface SourceHarness extends FleetStore {
  readonly context: SourceContext;
  readonly observations: Observation[];
  readonly logLines: string[];
}

export const TEST_CLASSIFY: ClassifyConfig = {
  docker: { compose_project: null },
  orchestrators: ['orchestrator-*'],
  infrastructure: { RabbitMQ: ['*rabbitmq*'] },
  stages: [],
};

export function createSourceHarness(clock: Clock = systemClock, classify = TEST_CLASSIFY): SourceHarness {
  const store = createFleetStore(createClassifier(classify));
  const observations: Observation[] = [];
  const logLines: string[] = [];
  const log = createLogger({ level: 'debug', format: 'json', write: (line) => logLines.push(line) });
  const apply = (observation: Observation): void => {
    observations.push(observation);
    store.apply(observation);
  };
  return { ...store, context: { clock, log, apply }, observations, logLines };
}
