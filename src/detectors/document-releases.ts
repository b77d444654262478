/** Which documents that brought workers down can bring down no more: nobody waits for them, has them in hand, or can get them. */

import type { Fleet } from '../fleet/model.js';
import type { DocumentTroubles, Trouble } from './document-troubles.js';
import type { HistoryMoment } from './history-moment.js';
import { jobInHand } from './judge-worker.js';
import type { Awaited } from './waiting-orchestrators.js';

export interface DocumentReleases {
  isReleased(document: string): boolean;
  note(
    moment: Pick<HistoryMoment, 'fleet' | 'nowMs'>,
    troubles: DocumentTroubles['troubles'],
    isAwaited: (document: string) => Awaited,
  ): void;
}

/** It is reported for so long at least, also where it was given up at once. */
const AT_LEAST_MS = 5 * 60_000;
const MIN_TROUBLES = 2;

export function createDocumentReleases(): DocumentReleases {
  const released = new Set<string>();
  return {
    isReleased: (document) => released.has(document),
    note({ fleet, nowMs }, troubles, isAwaited) {
      for (const document of released) if (!troubles.has(document)) released.delete(document);
      for (const [document, list] of troubles) {
        const last = list.at(-1);
        if (!last || list.length < MIN_TROUBLES) continue;
        const awaited = isAwaited(document);
        // One that is sent again is as bad as before.
        if (awaited === 'yes' || isInHand(document, fleet)) released.delete(document);
        else if (awaited === 'no' && nowMs - last.atMs >= AT_LEAST_MS && !mayWait(last, fleet))
          released.add(document);
      }
    },
  };
}

function isInHand(document: string, { workers, containers }: Fleet): boolean {
  for (const [key, { job }] of workers) {
    if (job?.document === document && jobInHand(job, containers.get(key))) return true;
  }
  return false;
}

/** Its message may be one of those that wait in the queue; of one whose depth is not known it may. */
function mayWait({ stage }: Trouble, { queues }: Fleet): boolean {
  if (stage === undefined) return false;
  return [...queues.values()].some((queue) => queue.stage === stage && queue.ready?.value !== 0);
}
