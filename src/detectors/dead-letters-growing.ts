/** DeadLettersGrowing: a queue that takes what other queues give up got `dead_letters_min` messages within `dead_letters_window`. */

import { type Queue, queueKey } from '../fleet/queue-model.js';
import { counted } from '../lib/counted.js';
import { formatDuration } from '../lib/duration.js';
import type { DeadLetters } from './dead-letter-history.js';
import type { Detection } from './finding.js';
import type { Detector, Scene } from './scene.js';

const MAX_SOURCES = 5;

export const deadLettersGrowing: Detector = {
  kind: 'DeadLettersGrowing',
  // The window itself keeps it steady.
  steadiness: () => ({ openAfterMs: 0, clearAfterMs: 0 }),
  detect(scene) {
    const { fleet, histories, settings, nowMs, isFresh } = scene;
    if (!isFresh('rabbitmq')) return { found: [], unsure: 'all' };
    const { dead_letters_min: least, dead_letters_window: windowMs } = settings.detection;
    const found: Detection[] = [];
    const unsure: string[] = [];
    for (const [key, arrived] of histories.deadLetters.arrived) {
      const queue = fleet.queues.get(key);
      if (!queue?.ready) unsure.push(key);
      else if (arrived.count >= least) found.push(describe(key, queue, arrived, scene));
      // What came before the daemon's start is not known.
      else if (arrived.fromMs > nowMs - windowMs) unsure.push(key);
    }
    return { found, unsure };
  },
};

function describe(
  key: string,
  queue: Queue,
  { count, firstAtMs, lastAtMs }: DeadLetters,
  scene: Scene,
): Detection {
  const { name, vhost, ready, unacked, kindReason } = queue;
  const { dead_letters_min: least, dead_letters_window: windowMs } = scene.settings.detection;
  const stage = stageOf(queue, scene);
  const within = windowMs === 3_600_000 ? 'in the last hour' : `within ${formatDuration(windowMs)}`;
  const from = sourcesOf(queue, scene);
  const total = (ready?.value ?? 0) + (unacked?.value ?? 0);
  return {
    kind: 'DeadLettersGrowing',
    key,
    subject: { queue: name, vhost, ...(stage !== undefined && { stage }) },
    summary: `${counted(count, 'dead letter')} ${within}${from === undefined ? '' : ` from ${from}`}`,
    evidence: [
      `${counted(count, 'message')} came, the last ${formatDuration(Math.max(0, scene.nowMs - lastAtMs))} ago`,
      `${total} are in ${name} now (a queue of dead letters: ${kindReason})`,
      from === undefined
        ? 'which queue gave them up is not known: no argument, policy or binding that stagewatch can read tells'
        : `given up by ${from}: rejected, expired, or delivered too often`,
    ],
    clearsWhen: `Fewer than ${least} come within ${formatDuration(windowMs)}; the queue need not be emptied.`,
    beganAtMs: firstAtMs,
  };
}

/** Named where all of them come from one stage. */
function stageOf({ deadLettersFrom, vhost }: Queue, { fleet }: Scene): string | undefined {
  const stages = new Set(deadLettersFrom.map((name) => fleet.queues.get(queueKey(vhost, name))?.stage));
  return stages.size === 1 ? [...stages][0] : undefined;
}

function sourcesOf({ deadLettersFrom, vhost }: Queue, { fleet }: Scene): string | undefined {
  if (deadLettersFrom.length === 0) return undefined;
  const named = deadLettersFrom.slice(0, MAX_SOURCES).map((name) => {
    const stage = fleet.queues.get(queueKey(vhost, name))?.stage;
    return stage === undefined ? name : `${name} (${stage})`;
  });
  const rest = deadLettersFrom.length - named.length;
  return `${named.join(' or ')}${rest > 0 ? ` or ${rest} more` : ''}`;
}
