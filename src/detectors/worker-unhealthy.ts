/** WorkerUnhealthy: the health check of a running container of a worker, or of role `other`, has failed for a minute. */

import { detectContainers } from './container-findings.js';
import type { Detector } from './scene.js';

const OPEN_AFTER_MS = 60_000;
const CLEAR_AFTER_MS = 30_000;

export const workerUnhealthy: Detector = {
  kind: 'WorkerUnhealthy',
  steadiness: () => ({ openAfterMs: OPEN_AFTER_MS, clearAfterMs: CLEAR_AFTER_MS }),
  detect: (scene) =>
    detectContainers(scene, {
      kind: 'WorkerUnhealthy',
      among: ({ containers }) => containers.unhealthy,
      describe: ({ role, state, health }, { nowMs }) =>
        (role === 'worker' || role === 'other') && state === 'running' && health === 'unhealthy'
          ? {
              summary: 'its health check fails',
              evidence: ['the engine calls the container unhealthy; that alone restarts nothing'],
              clearsWhen: 'The health check succeeds again.',
              beganAtMs: nowMs,
            }
          : undefined,
    }),
};
