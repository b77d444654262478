/**
 * WorkerStarved: a worker without a job that has lost its consumer, with messages waiting or not, until it is back. Where
 * several are idle and nothing says whose consumer is missing, one finding for the stage says so.
 */

import { counted } from '../lib/counted.js';
import { formatDuration } from '../lib/duration.js';
import type { Detection } from './finding.js';
import type { Detector, Scene } from './scene.js';
import type { MissingConsumers } from './starvation.js';
import { detectByStatus } from './worker-findings.js';

const CLEAR_AFTER_MS = 30_000;
const MAX_NAMES = 6;

export const workerStarved: Detector = {
  kind: 'WorkerStarved',
  // The status itself takes `detection.starved_after`.
  steadiness: () => ({ openAfterMs: 0, clearAfterMs: CLEAR_AFTER_MS }),
  detect(scene) {
    const { found, unsure } = detectByStatus(scene, 'starved', (key, { reason, evidence, sinceMs }) => ({
      kind: 'WorkerStarved',
      key,
      summary: reason,
      evidence,
      clearsWhen: 'It takes a job, or its consumer is back.',
      beganAtMs: sinceMs - scene.settings.detection.starved_after,
    }));
    const ofStages = [...scene.missingConsumers].map(([stage, missing]) => ofStage(stage, missing, scene));
    const isBlind = scene.isWatched('rabbitmq') && !scene.isFresh('rabbitmq');
    const { stages, workers } = scene.unjudgedConsumers;
    const unseen = [...workers, ...[...stages].map((stage) => `stage:${stage}`)];
    return {
      found: [...found, ...ofStages],
      unsure: isBlind || unsure === 'all' ? 'all' : [...unsure, ...unseen],
    };
  },
};

function ofStage(
  stage: string,
  { queue, consumers, expected, idle, sinceMs }: MissingConsumers,
  { fleet, nowMs }: Scene,
): Detection {
  const names = idle.map((key) => fleet.workers.get(key)?.container ?? key);
  const more = names.length > MAX_NAMES ? ` and ${names.length - MAX_NAMES} more` : '';
  return {
    kind: 'WorkerStarved',
    key: `stage:${stage}`,
    subject: { stage, queue },
    summary: `${expected - consumers} of ${counted(expected, 'consumer')} of queue ${queue} missing for ${formatDuration(nowMs - sinceMs)}`,
    evidence: [
      `whose they are is not known while nothing waits; without a job: ${names.slice(0, MAX_NAMES).join(', ')}${more}`,
      `queue ${queue} has had a consumer for each worker before`,
    ],
    clearsWhen: 'Each worker of the stage is a consumer again.',
    beganAtMs: sinceMs,
  };
}
