/** QueueNoConsumers: a queue has had messages waiting and no consumer at all for `no_consumers_after`, and no worker is starting. */

import { formatDuration } from '../lib/duration.js';
import type { Detector, Scene } from './scene.js';

const CLEAR_AFTER_MS = 15_000;

export const queueNoConsumers: Detector = {
  kind: 'QueueNoConsumers',
  steadiness: () => ({ openAfterMs: 0, clearAfterMs: CLEAR_AFTER_MS }),
  detect(scene) {
    const { fleet, histories, settings, nowMs, isFresh } = scene;
    if (!isFresh('rabbitmq')) return { found: [], unsure: 'all' };
    const found = [...histories.queues.unservedSinceMs].flatMap(([key, sinceMs]) => {
      const queue = fleet.queues.get(key);
      if (!queue || nowMs - sinceMs < settings.detection.no_consumers_after) return [];
      const { name, vhost, stage, ready } = queue;
      if (stage !== undefined && isStarting(stage, scene)) return [];
      const atWork = [...fleet.workers.values()].filter(
        (worker) => stage !== undefined && worker.stage === stage,
      );
      return {
        kind: 'QueueNoConsumers' as const,
        key,
        subject: { queue: name, vhost, ...(stage !== undefined && { stage }) },
        summary: `${ready?.value ?? 0} waiting and no consumer for ${formatDuration(nowMs - sinceMs)}`,
        evidence: [
          `queue ${name} has ${ready?.value ?? 0} messages waiting and 0 consumers`,
          stage === undefined
            ? 'it belongs to no configured stage'
            : `${atWork.length} workers of ${stage} are known: they do not listen`,
        ],
        clearsWhen: 'A consumer is there again, or the queue is empty.',
        beganAtMs: sinceMs,
      };
    });
    return { found, unsure: [] };
  },
};

/** Workers that load their models will listen soon. */
function isStarting(stage: string, { workers }: Scene): boolean {
  for (const { standing, status } of workers.values()) {
    if (standing.stage === stage && status === 'starting') return true;
  }
  return false;
}
