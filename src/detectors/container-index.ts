/** The containers that detectors ask for again and again, gathered in one pass over all. */

import type { Container, Fleet } from '../fleet/model.js';

export interface ContainerIndex {
  readonly notRunning: readonly Container[];
  readonly unhealthy: readonly Container[];
  /** Orchestrators and infrastructure. */
  readonly noWorkers: readonly Container[];
}

export function indexContainers({ containers }: Pick<Fleet, 'containers'>): ContainerIndex {
  const index = { notRunning: [] as Container[], unhealthy: [] as Container[], noWorkers: [] as Container[] };
  for (const container of containers.values()) {
    if (container.state !== 'running') index.notRunning.push(container);
    if (container.health === 'unhealthy') index.unhealthy.push(container);
    if (container.role === 'orchestrator' || container.role === 'infrastructure')
      index.noWorkers.push(container);
  }
  return index;
}
