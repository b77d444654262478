/** Chooses the containers that have series: all of the pipeline, and a bounded number of the others. */

import type { Container, Fleet } from '../fleet/model.js';

/** A host on which each job runs in a container of its own would give new series for ever; all are in `pipeline_containers`. */
export const MAX_OTHERS_SHOWN = 500;

/** Those known the longest come first, so that a new one pushes none out. */
export function* shownContainers({ containers }: Pick<Fleet, 'containers'>): Iterable<Container> {
  let others = 0;
  for (const container of containers.values()) {
    if (container.role !== 'other' || ++others <= MAX_OTHERS_SHOWN) yield container;
  }
}
