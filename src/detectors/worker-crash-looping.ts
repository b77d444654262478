/** WorkerCrashLooping: the container of a worker, or of role `other`, ended by itself `crash_loop_ends` times within `crash_loop_window`. */

import type { Container } from '../fleet/model.js';
import { counted, times } from '../lib/counted.js';
import { formatDuration } from '../lib/duration.js';
import { describeLastEnd, detectContainers, type Words } from './container-findings.js';
import { isStoppedOnRequest } from './end-history.js';
import type { Detector, Scene } from './scene.js';

const CLEAR_AFTER_MS = 60_000;

export const workerCrashLooping: Detector = {
  kind: 'WorkerCrashLooping',
  steadiness: () => ({ openAfterMs: 0, clearAfterMs: CLEAR_AFTER_MS }),
  detect(scene) {
    const judgement = detectContainers(scene, {
      kind: 'WorkerCrashLooping',
      among: loopingContainers,
      describe: describeLoop,
    });
    const { settings, histories, nowMs } = scene;
    // The ends before the daemon's start are not known: a loop that was open then cannot be seen to be over yet.
    const isFull = histories.ends.isFull(settings.detection.crash_loop_window, nowMs);
    if (isFull || judgement.unsure === 'all') return judgement;
    return { ...judgement, unsure: possibleLoops(scene) };
  },
};

function describeLoop(container: Container, { histories, settings, nowMs }: Scene): Words | undefined {
  const { crash_loop_ends, crash_loop_window } = settings.detection;
  const ends = histories.ends.ends.get(container.identity) ?? [];
  const [first] = ends;
  if (!isJudged(container) || ends.length < crash_loop_ends || first === undefined) return undefined;
  if (isStoppedOnRequest(container)) return undefined;
  const window = formatDuration(crash_loop_window);
  return {
    summary: `ended by itself ${times(ends.length)} within ${window}`,
    evidence: [
      `the last time it ${describeLastEnd(container)}`,
      `the first ${formatDuration(nowMs - first)} ago; ${crash_loop_ends} within ${window} are a loop`,
    ],
    clearsWhen: `Fewer than ${counted(crash_loop_ends, 'end')} lie within ${window}, or it is stopped.`,
    beganAtMs: first,
  };
}

function isJudged({ role }: Container): boolean {
  return role === 'worker' || role === 'other';
}

function possibleLoops({ fleet }: Scene): readonly string[] {
  return [...fleet.containers.values()].flatMap((container) =>
    isJudged(container) && !isStoppedOnRequest(container) ? container.identity : [],
  );
}

function* loopingContainers({ fleet, histories }: Scene): Iterable<Container> {
  for (const identity of histories.ends.ends.keys()) {
    const container = fleet.containers.get(identity);
    if (container) yield container;
  }
}
