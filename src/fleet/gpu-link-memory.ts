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
      if (!isCurrent) links = linkGpus(containers.values(), gpus.values(), links);
      isCurrent = true;
      return links;
    },
    invalidate() {
      isCurrent = false;
    },
  };
}
