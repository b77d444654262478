/** Decides whether the first full picture is there, and what it still waits for. */

import type { Fleet } from '../fleet/model.js';

/** A sentence for each source that has not been read whole since the start; none: ready. */
export function missingForReadiness({ sources }: Fleet): readonly string[] {
  return [...sources.values()]
    .filter(({ lastSuccessAtMs }) => lastSuccessAtMs === undefined)
    .map(({ source, target, problem }) => `${source} (${target}): ${problem ?? 'not read yet'}`);
}
