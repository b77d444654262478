/** WorkerCrashLooping: a worker's container ended by itself `crash_loop_ends` times within `crash_loop_window`. */

import type { Container } from '../fleet/model.js';
import { counted, times } from '../lib/counted.js';
import { formatDuration } from '../lib/duration.js';
import { describeLastEnd, detectContainers } from './container-findings.js';
import type { Detector, Scene } from './scene.js';

const CLEAR_AFTER_MS = 60_000;

export const workerCrashLooping: Detector = {
  kind: 'WorkerCrashLooping',
  steadiness: () => ({ openAfterMs: 0, clearAfterMs: CLEAR_AFTER_MS }),
  detect: (scene) =>
    detectContainers(scene, {
      kind: 'WorkerCrashLooping',
      among: loopingContainers,
      describe: (container, { histories, settings, nowMs }) => {
        const { crash_loop_ends, crash_loop_window } = settings.detection;
        const ends = histories.ends.ends.get(container.identity) ?? [];
        const [first] = ends;
        if (container.role !== 'worker' || ends.length < crash_loop_ends || first === undefined)
          return undefined;
        const window = formatDuration(crash_loop_window);
        return {
          summary: `ended by itself ${times(ends.length)} within ${window}`,
          evidence: [
            `the last time it ${describeLastEnd(container)}`,
            `the first ${formatDuration(nowMs - first)} ago; ${crash_loop_ends} within ${window} are a loop`,
          ],
          clearsWhen: `Fewer than ${counted(crash_loop_ends, 'end')} lie within ${window}.`,
          beganAtMs: first,
        };
      },
    }),
};

function* loopingContainers({ fleet, histories }: Scene): Iterable<Container> {
  for (const identity of histories.ends.ends.keys()) {
    const container = fleet.containers.get(identity);
    if (container) yield container;
  }
}
