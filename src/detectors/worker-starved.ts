/** WorkerStarved: an idle worker whose queue has messages waiting and fewer consumers than workers: it lost its own. */

import type { Detector } from './scene.js';
import { detectByStatus } from './worker-findings.js';

const CLEAR_AFTER_MS = 30_000;

export const workerStarved: Detector = {
  kind: 'WorkerStarved',
  // The status itself takes `detection.starved_after`.
  steadiness: () => ({ openAfterMs: 0, clearAfterMs: CLEAR_AFTER_MS }),
  detect: (scene) =>
    detectByStatus(scene, 'starved', (key, { reason, evidence, sinceMs }) => ({
      kind: 'WorkerStarved',
      key,
      summary: reason,
      evidence,
      clearsWhen: 'It takes a job, its consumer is back, or its queue is empty.',
      beganAtMs: sinceMs - scene.settings.detection.starved_after,
    })),
};
