/** JobNearAckLimit: a job has used `ack_limit_share` of the time after which the broker takes its message back. */

import type { Job } from '../fleet/progress-model.js';
import type { Broker, Queue } from '../fleet/queue-model.js';
import { formatDuration } from '../lib/duration.js';
import { isOlderThan } from '../lib/version.js';
import type { Detection } from './finding.js';
import { jobOfHold } from './judge-hold.js';
import type { Detector, Scene } from './scene.js';
import { workerSubject } from './worker-findings.js';

export const jobNearAckLimit: Detector = {
  kind: 'JobNearAckLimit',
  steadiness: () => ({ openAfterMs: 0, clearAfterMs: 0 }),
  detect(scene) {
    const { fleet, isFresh, workers } = scene;
    if (!isFresh('rabbitmq')) return { found: [], unsure: 'all' };
    const { broker } = fleet;
    if (!broker) return { found: [], unsure: [] };
    const queues = new Map([...fleet.queues.values()].map((queue) => [queue.stage, queue]));
    const found: Detection[] = [];
    const unsure: string[] = [];
    const oldMs = scene.nowMs - shortestWarning(broker, queues.values(), scene);
    for (const [key, { job: told, hold, stage, identity }] of fleet.workers) {
      const job = told ?? jobOfHold(hold, scene.nowMs);
      if (!job || stage === undefined || job.startedAtMs > oldMs) continue;
      const queue = queues.get(stage);
      const verdict = workers.get(key);
      if (!queue || !verdict) continue;
      if (verdict.status === 'unknown') unsure.push(key);
      else if (verdict.status !== 'down' && verdict.silentMs !== undefined && hasLimit(broker, queue)) {
        const words = describe(startOf(job, identity, scene), { broker, queue, scene });
        if (words) found.push({ key, subject: workerSubject(key, verdict, scene), ...words });
      }
    }
    return { found, unsure };
  },
};

/** Where its clock is behind, its container's start is a better word. */
function startOf({ startedAtMs }: Job, identity: string | undefined, { fleet }: Scene): number {
  const container = identity === undefined ? undefined : fleet.containers.get(identity);
  return Math.max(startedAtMs, container?.startedAtMs ?? 0);
}

/** A job that is younger is near no limit: most are. */
function shortestWarning(broker: Broker, queues: Iterable<Queue>, { settings }: Scene): number {
  let leastMs = broker.consumerTimeoutMs;
  for (const { consumerTimeoutMs } of queues) leastMs = Math.min(leastMs, consumerTimeoutMs ?? leastMs);
  return settings.detection.ack_limit_share * leastMs;
}

/**
 * From 4.3 on only quorum queues have a consumer timeout, before 3.8.15 no queue has; streams never.
 * https://www.rabbitmq.com/docs/consumers#acknowledgement-timeout
 */
function hasLimit({ version }: Broker, { type }: Queue): boolean {
  if (type === 'stream') return false;
  if (version === undefined) return true;
  if (isOlderThan(version, [3, 8, 15])) return false;
  return type === 'quorum' || isOlderThan(version, [4, 3, 0]) !== false;
}

interface Circumstances {
  readonly broker: Broker;
  readonly queue: Queue;
  readonly scene: Scene;
}

function describe(
  startedAtMs: number,
  { broker, queue, scene: { nowMs, settings } }: Circumstances,
): Omit<Detection, 'key' | 'subject'> | undefined {
  const limitMs = queue.consumerTimeoutMs ?? broker.consumerTimeoutMs;
  const elapsedMs = nowMs - startedAtMs;
  const warnMs = settings.detection.ack_limit_share * limitMs;
  if (elapsedMs < warnMs) return undefined;
  const leftMs = limitMs - elapsedMs;
  const when =
    leftMs > 0 ? `is reached in ${formatDuration(leftMs)}` : `was reached ${formatDuration(-leftMs)} ago`;
  return {
    kind: 'JobNearAckLimit',
    summary: describeElapsed(elapsedMs, limitMs),
    evidence: [
      `the limit of queue ${queue.name} (${queue.type ?? 'type unknown'}, RabbitMQ ${broker.version ?? 'of unknown version'}) ${when}`,
      leftMs > 0 || queue.consumerTimeoutMs !== undefined
        ? 'then the channel is closed, the message goes back to the queue, and the work may be done twice'
        : `the message is back in the queue by now, unless the consumer_timeout of the broker is longer than ${formatDuration(limitMs)}: then set rabbitmq.consumer_timeout to it`,
    ],
    clearsWhen: 'The job ends. To avoid it, raise consumer_timeout of the broker or the queue.',
    beganAtMs: startedAtMs + warnMs,
  };
}

/** More than the whole is no part of it. */
function describeElapsed(elapsedMs: number, limitMs: number): string {
  const limit = `the ${formatDuration(limitMs)} the broker waits for its ack`;
  const elapsed = formatDuration(elapsedMs);
  return elapsedMs > limitMs
    ? `job runs for ${elapsed}, longer than ${limit}`
    : `job runs for ${elapsed} of ${limit}`;
}
