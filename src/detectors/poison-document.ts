/** PoisonDocument: the same document failed, stalled or crashed `poison_workers` different workers within a day. */

import { formatDuration } from '../lib/duration.js';
import type { Detector } from './scene.js';

const MAX_LISTED = 6;

export const poisonDocument: Detector = {
  kind: 'PoisonDocument',
  steadiness: () => ({ openAfterMs: 0, clearAfterMs: 0 }),
  detect({ histories, settings, nowMs }) {
    const { poison_workers } = settings.detection;
    const found = [...histories.documents.troubles].flatMap(([document, troubles]) => {
      const last = troubles.at(-1);
      const first = troubles[0];
      if (!first || !last || troubles.length < poison_workers || nowMs - last.atMs > TOLD_MS) return [];
      return {
        kind: 'PoisonDocument' as const,
        key: document,
        subject: { document, ...(last.stage !== undefined && { stage: last.stage }) },
        summary: `${document} brought down ${troubles.length} workers`,
        evidence: troubles.slice(-MAX_LISTED).map(({ worker, what, stage, atMs }) => {
          const at = stage === undefined ? '' : ` at ${stage}`;
          return `${what} ${worker}${at}, ${formatDuration(Math.max(0, nowMs - atMs))} ago`;
        }),
        clearsWhen:
          'It has brought down nobody for an hour. Take it out of the run, and look at it by itself.',
        beganAtMs: first.atMs,
      };
    });
    return { found, unsure: [] };
  },
};

const TOLD_MS = 3_600_000;
