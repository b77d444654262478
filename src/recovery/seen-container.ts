/** What a look tells of a container that was restarted before: whether it is well, runs, or is somebody else's doing now. */

import type { WorkerStatus, WorkerVerdict } from '../detectors/verdicts.js';
import type { Fleet } from '../fleet/model.js';
import type { SeenContainer } from './memory-changes.js';

const WELL: ReadonlySet<WorkerStatus> = new Set<WorkerStatus>(['active', 'idle', 'slow', 'starved']);

export interface SeenFacts {
  readonly fleet: Fleet;
  readonly workers: ReadonlyMap<string, WorkerVerdict>;
  readonly changedNow: ReadonlySet<string>;
}

export function seenContainer(
  identity: string,
  { fleet, workers, changedNow }: SeenFacts,
): SeenContainer | undefined {
  const container = fleet.containers.get(identity);
  if (!container) return undefined;
  const status = workers.get(identity)?.status;
  return {
    isWell: status !== undefined && WELL.has(status),
    isChangedElsewhere: changedNow.has(identity),
    isRunning: container.state === 'running',
    container,
  };
}
