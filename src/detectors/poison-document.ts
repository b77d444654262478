/**
 * PoisonDocument: the same document failed, stalled or crashed `poison_workers` different workers within a day. Workers
 * that fail most of what they take up do not count: theirs is a cause of their own. Over an hour after the last of them,
 * or after 5 minutes where nobody waits for the document any more and no worker can come by it.
 */

import { counted } from '../lib/counted.js';
import { formatDuration } from '../lib/duration.js';
import type { Trouble } from './document-troubles.js';
import type { Detection } from './finding.js';
import type { Detector, Scene } from './scene.js';

const MAX_LISTED = 6;
/** Workers that fail for a cause of their own take up their next document meanwhile, and fail that, too. */
const OPEN_AFTER_MS = 30_000;
const TOLD_MS = 3_600_000;

export const poisonDocument: Detector = {
  kind: 'PoisonDocument',
  steadiness: () => ({ openAfterMs: OPEN_AFTER_MS, clearAfterMs: 0 }),
  detect(scene) {
    const { histories, settings, nowMs } = scene;
    const { poison_workers } = settings.detection;
    const found: Detection[] = [];
    for (const [document, all] of histories.documents.troubles) {
      if (all.length < poison_workers) continue;
      const troubles = all.filter(({ worker }) => !histories.documents.isOwnFault(worker, document));
      const last = troubles.at(-1);
      if (!last || troubles.length < poison_workers || nowMs - last.atMs > TOLD_MS) continue;
      if (histories.releases.isReleased(document)) continue;
      found.push(describe(document, troubles, scene));
    }
    return { found, unsure: [] };
  },
};

function describe(document: string, troubles: readonly Trouble[], { nowMs }: Scene): Detection {
  const stage = troubles.at(-1)?.stage;
  return {
    kind: 'PoisonDocument',
    key: document,
    subject: { document, ...(stage !== undefined && { stage }) },
    summary: `${document} brought down ${counted(troubles.length, 'worker')}`,
    evidence: troubles.slice(-MAX_LISTED).map((trouble) => {
      const at = trouble.stage === undefined ? '' : ` at ${trouble.stage}`;
      return `${trouble.what} ${trouble.worker}${at}, ${formatDuration(Math.max(0, nowMs - trouble.atMs))} ago`;
    }),
    clearsWhen:
      'It has brought down nobody for an hour, or no orchestrator carries it any more. Take it out of the run, and look at it by itself.',
    beganAtMs: Math.min(...troubles.map(({ atMs }) => atMs)),
  };
}
