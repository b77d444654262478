/** WorkerSlow: a worker that still moves, but takes longer over a step or a job than its stage ever needs. */

import type { Detector } from './scene.js';
import { detectByStatus } from './worker-findings.js';

/** Slow for a moment is nothing to tell. */
const OPEN_AFTER_MS = 2 * 60_000;
const CLEAR_AFTER_MS = 60_000;

export const workerSlow: Detector = {
  kind: 'WorkerSlow',
  steadiness: () => ({ openAfterMs: OPEN_AFTER_MS, clearAfterMs: CLEAR_AFTER_MS }),
  detect: (scene) =>
    detectByStatus(scene, 'slow', (key, { reason, evidence, sinceMs }) => ({
      kind: 'WorkerSlow',
      key,
      summary: reason,
      evidence,
      clearsWhen: 'Its progress moves at the pace of its stage, or its job ends.',
      beganAtMs: sinceMs,
    })),
};
