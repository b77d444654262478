/** Which of the outside systems cannot be reached by the watcher now. */

import type { SourceName } from '../fleet/model.js';

export interface Outages {
  isUp(source: SourceName): boolean;
  set(source: SourceName, isUp: boolean): void;
}

export function createOutages(): Outages {
  const down = new Set<SourceName>();
  return {
    isUp: (source) => !down.has(source),
    set(source, isUp) {
      if (isUp) down.delete(source);
      else down.add(source);
    },
  };
}
