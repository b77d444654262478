/** The configured stages as the fleet knows them, in DAG order. */

import type { Config } from '../config/schema.js';
import type { Stage } from './stage-model.js';

export function listStages({ stages }: Pick<Config, 'stages'>): readonly Stage[] {
  return stages.map(({ id, name, branch, queue }, index) => ({
    id,
    order: index + 1,
    ...(name !== null && { name }),
    ...(branch !== null && { branch }),
    ...(queue !== null && { queue }),
  }));
}
