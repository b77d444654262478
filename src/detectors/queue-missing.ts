/** QueueMissing: the queue of a stage has not been on the broker for a minute. */

import type { Detector } from './scene.js';

const OPEN_AFTER_MS = 60_000;
const CLEAR_AFTER_MS = 10_000;

export const queueMissing: Detector = {
  kind: 'QueueMissing',
  // Whoever declares it may still be starting.
  steadiness: () => ({ openAfterMs: OPEN_AFTER_MS, clearAfterMs: CLEAR_AFTER_MS }),
  detect({ fleet, nowMs, isFresh }) {
    if (!isFresh('rabbitmq')) return { found: [], unsure: 'all' };
    const found = [...fleet.queues].flatMap(([key, { name, vhost, stage, status }]) =>
      status === 'missing'
        ? {
            kind: 'QueueMissing' as const,
            key,
            subject: { queue: name, vhost, ...(stage !== undefined && { stage }) },
            summary: `queue ${name} is not on the broker`,
            evidence: [
              `the broker has no queue ${name} in vhost ${vhost}`,
              ...(stage === undefined ? [] : [`stage ${stage} takes its jobs from it`]),
            ],
            clearsWhen: 'The queue is declared, or the stage takes its jobs from another.',
            beganAtMs: nowMs,
          }
        : [],
    );
    return { found, unsure: [] };
  },
};
