/**
 * FailuresSpiking: a stage has `failures_min` new failures within `failures_window`, three times as many as in the window
 * before; until there are fewer, or less than twice as many as before it began.
 */

import { counted } from '../lib/counted.js';
import { formatDuration } from '../lib/duration.js';
import type { Spike } from './failure-history.js';
import type { Detection } from './finding.js';
import type { Detector, Scene } from './scene.js';

const CLEAR_AFTER_MS = 60_000;
const MAX_ERROR = 160;

export const failuresSpiking: Detector = {
  kind: 'FailuresSpiking',
  steadiness: () => ({ openAfterMs: 0, clearAfterMs: CLEAR_AFTER_MS }),
  detect(scene) {
    const { histories, settings, nowMs, isFresh } = scene;
    if (!isFresh('sentinels')) return { found: [], unsure: 'all' };
    const found = [...histories.failures.spikes].map(([stage, spike]) => describe(stage, spike, scene));
    // Of one that was open before the daemon's start, a window must pass until anybody can tell that it is over.
    const isFull = histories.failures.isFull(settings.detection.failures_window, nowMs);
    return { found, unsure: isFull ? [] : 'all' };
  },
};

function describe(stage: string, { beganAtMs, usual }: Spike, scene: Scene): Detection {
  const { histories, settings, nowMs } = scene;
  const { failures_window: windowMs, failures_min } = settings.detection;
  const { total, byReason } = histories.failures.count(stage, nowMs - windowMs, nowMs);
  const window = formatDuration(windowMs);
  const isOld = nowMs - beganAtMs > windowMs;
  const before = isOld ? `in the ${window} before it began` : `in the ${window} before`;
  return {
    kind: 'FailuresSpiking',
    key: stage,
    subject: { stage },
    summary: `${counted(total, 'failure')} within ${window}, ${usual} ${before}`,
    evidence: [
      [...byReason]
        .toSorted(([, one], [, other]) => other - one)
        .map(([reason, failures]) => `${failures} ${reason}`)
        .join(', '),
      ...exampleOf(stage, scene),
    ],
    clearsWhen: `Fewer than ${counted(failures_min, 'failure')}, or less than twice as many as before it began, lie within ${window}.`,
    beganAtMs,
  };
}

function exampleOf(stage: string, { fleet }: Scene): readonly string[] {
  const newest = [...fleet.sentinels.failures.values()]
    .filter((failure) => failure.stage === stage)
    .reduce<{ error: string; writtenAtMs: number } | undefined>(
      (best, failure) => (best && best.writtenAtMs >= failure.writtenAtMs ? best : failure),
      undefined,
    );
  const [line = ''] = newest?.error.split('\n', 1) ?? [];
  return line === '' ? [] : [`the newest says: ${line.slice(0, MAX_ERROR)}`];
}
