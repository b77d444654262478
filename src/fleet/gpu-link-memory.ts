/** Keeps the links of GPUs and containers, and works them out anew only when somebody asks after a change. */

import { linkGpus } from './gpu-links.js';
import type { GpuLink } from './gpu-model.js';
import type { Fleet } from './model.js';

export interface GpuLinkMemory {
  links(): readonly GpuLink[];
  /** Containers, or the GPUs that there are, have changed. */
  invalidate(): void;
}

export function createGpuLinkMemory({ containers, gpus }: Pick<Fleet, 'containers' | 'gpus'>): GpuLinkMemory {
  let links: readonly GpuLink[] = [];
  let isCurrent = true;
  return {
    links() {
      // One that may use all GPUs, as exporters and development containers do, is no tenant that a worker shares with.
      const ofPipeline = isCurrent ? [] : [...containers.values()].filter(({ role }) => role !== 'other');
      if (!isCurrent) links = linkGpus(ofPipeline, gpus.values(), links);
      isCurrent = true;
      return links;
    },
    invalidate() {
      isCurrent = false;
    },
  };
}
