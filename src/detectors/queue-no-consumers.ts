/** QueueNoConsumers: a work queue has had messages waiting and no consumer at all for `no_consumers_after`, and no worker is starting. */

import type { Queue } from '../fleet/queue-model.js';
import { counted } from '../lib/counted.js';
import { formatDuration } from '../lib/duration.js';
import type { HeldCondition } from './condition-clock.js';
import type { Detection } from './finding.js';
import type { Detector, OverWords, Scene } from './scene.js';
import type { WorkerStatus } from './verdicts.js';

const CLEAR_AFTER_MS = 15_000;

export const queueNoConsumers: Detector = {
  kind: 'QueueNoConsumers',
  steadiness: () => ({ openAfterMs: 0, clearAfterMs: CLEAR_AFTER_MS }),
  detect(scene) {
    const { fleet, histories, settings, isFresh } = scene;
    if (!isFresh('rabbitmq')) return { found: [], unsure: 'all' };
    const found: Detection[] = [];
    const unsure: string[] = [];
    for (const [key, unserved] of histories.queues.unserved) {
      const queue = fleet.queues.get(key);
      if (queue?.kind !== 'work') continue;
      const isLong = unserved.heldMs >= settings.detection.no_consumers_after;
      const isAwaited = queue.stage !== undefined && isStarting(queue.stage, scene);
      if (isLong && !isAwaited && !unserved.isResting && isExpected(queue))
        found.push(describe(key, queue, unserved, scene));
      // What was found before it could not be seen, or before workers were started, is not over yet.
      else unsure.push(key);
    }
    return { found, unsure, describeOver: ({ key }) => describeOver(fleet.queues.get(key)) };
  },
};

function describeOver(queue: Queue | undefined): OverWords {
  const { ready, consumers } = queue ?? {};
  if (!ready || !consumers) return { what: 'no longer without consumers' };
  const what = ready.value === 0 ? 'no message waits' : 'a consumer is there';
  return { what, now: `${ready.value} waiting and ${counted(consumers.value, 'consumer')}` };
}

function describe(key: string, queue: Queue, { beganAtMs, heldMs }: HeldCondition, scene: Scene): Detection {
  const { name, vhost, stage, ready } = queue;
  return {
    kind: 'QueueNoConsumers',
    key,
    subject: { queue: name, vhost, ...(stage !== undefined && { stage }) },
    summary: `${ready?.value ?? 0} waiting and no consumer for ${formatDuration(heldMs)}`,
    evidence: [
      `queue ${name} has ${counted(ready?.value ?? 0, 'message')} waiting and no consumer`,
      stage === undefined
        ? 'it belongs to no configured stage, and consumers served it before'
        : describeWorkers(stage, scene),
    ],
    clearsWhen: 'A consumer is there again, or the queue is empty.',
    beganAtMs,
  };
}

function describeWorkers(stage: string, { workers }: Scene): string {
  const counts = new Map<WorkerStatus, number>();
  for (const { standing, status } of workers.values()) {
    if (standing.stage === stage) counts.set(status, (counts.get(status) ?? 0) + 1);
  }
  if (counts.size === 0) return `no worker of ${stage} is known`;
  const list = [...counts].map(([status, count]) => `${count} ${status}`).join(', ');
  return `workers of ${stage}: ${list}; none of them listens`;
}

/** Where no stage has a queue, and no consumer was seen on it, nothing says that there should be one. */
function isExpected({ stage, wasServed }: Queue): boolean {
  return stage !== undefined || wasServed;
}

/** Workers that load their models will listen soon. */
function isStarting(stage: string, { workers }: Scene): boolean {
  for (const { standing, status } of workers.values()) {
    if (standing.stage === stage && status === 'starting') return true;
  }
  return false;
}
