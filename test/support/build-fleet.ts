/** Small builders of fleets for tests of what reads them. */

import { createClassifier } from '../../src/fleet/classify.js';
import { createFleetStore, type FleetStore } from '../../src/fleet/fleet-store.js';
import type { ContainerFacts } from '../../src/fleet/observations.js';
import { TEST_CLASSIFY } from './source-harness.js';

export const NOW_MS = 1_763_900_000_000;

export function containerFacts(name: string, more: Partial<ContainerFacts> = {}): ContainerFacts {
  return {
    id: `id-of-${name}`,
    name,
    image: 'box:1',
    labels: {},
    createdAtMs: NOW_MS - 60_000,
    startedAtMs: NOW_MS - 50_000,
    state: 'running',
    restartCount: 0,
    hasRestartPolicy: false,
    exitCode: 0,
    isOomKilled: false,
    ...more,
  };
}

/** A store whose engine has just been read with these containers. */
export function fleetOf(...containers: readonly ContainerFacts[]): FleetStore {
  const store = createFleetStore(createClassifier(TEST_CLASSIFY));
  store.apply({ kind: 'source-watched', source: 'docker', target: 'unix:///d.sock' });
  for (const facts of containers) store.apply({ kind: 'container-inspected', atMs: NOW_MS, facts });
  store.apply({ kind: 'source-read', source: 'docker', atMs: NOW_MS, durationMs: 120 });
  return store;
}
