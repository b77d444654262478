/** Cuts what one look at the folder found into parts, each small enough that taking it in holds up nothing else. */

import type { DirectorySweep } from './sweep-directory.js';

/** At most 2 kB each: a part is read and applied in some 20 ms. */
const MAX_CHANGED = 1000;

/** In order; at least one. Only the last has no `isPart`. */
export function cutSweep(sweep: DirectorySweep, maxChanged = MAX_CHANGED): readonly DirectorySweep[] {
  const { isComplete, changed, removed, skipped, foreign } = sweep;
  if (changed.length <= maxChanged) return [sweep];
  const parts: DirectorySweep[] = [];
  for (let from = 0; from < changed.length; from += maxChanged) {
    const isFirst = from === 0;
    const isPart = from + maxChanged < changed.length;
    parts.push({
      isComplete: isFirst && isComplete,
      // Else what is not in the first part would count as gone.
      ...(isFirst && isComplete && { present: changed.map(({ name }) => name) }),
      changed: changed.slice(from, from + maxChanged),
      removed: isFirst ? removed : [],
      skipped,
      ...(isPart && { isPart }),
      ...(!isPart && foreign && { foreign }),
    });
  }
  return parts;
}
