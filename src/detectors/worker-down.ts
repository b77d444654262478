/** WorkerDown: a worker whose container ended by itself, or was paused, and has not run since for `down_after`. */

import type { Container } from '../fleet/model.js';
import { formatDuration } from '../lib/duration.js';
import { describeLastEnd, detectContainers } from './container-findings.js';
import type { Detector } from './scene.js';

const CLEAR_AFTER_MS = 10_000;
/** A pause is somebody's doing, and as a rule a short one. */
const PAUSED_MS = 5 * 60_000;
/** What `docker stop` and an interrupted terminal leave behind, where nobody saw who asked. */
const ORDINARY_CODES = new Set([0, 130, 137, 143]);

export const workerDown: Detector = {
  kind: 'WorkerDown',
  steadiness: () => ({ openAfterMs: 0, clearAfterMs: CLEAR_AFTER_MS }),
  detect: (scene) =>
    detectContainers(scene, {
      kind: 'WorkerDown',
      among: ({ containers }) => containers.notRunning,
      describe: (container, { settings, nowMs, workers }) => {
        if (container.role !== 'worker' || container.state === 'running') return undefined;
        const sinceMs = downSince(container, workers.get(container.identity)?.sinceMs);
        const afterMs = container.state === 'paused' ? PAUSED_MS : settings.detection.down_after;
        if (sinceMs === undefined || nowMs - sinceMs < afterMs) return undefined;
        const how = container.state === 'paused' ? 'is paused' : describeLastEnd(container);
        return {
          summary: `down for ${formatDuration(nowMs - sinceMs)}: it ${how}`,
          evidence: [
            `container is ${container.state}; it ${how}`,
            `${container.counters.restarts.policy} restarts by its policy so far`,
            ...(container.error ? [`the engine says: ${container.error}`] : []),
          ],
          clearsWhen: 'Its container runs again, or is removed.',
          beganAtMs: sinceMs,
        };
      },
    }),
};

/** Undefined: it is down as somebody wanted it. */
function downSince({ state, lastEnd }: Container, statusSinceMs: number | undefined): number | undefined {
  if (state === 'paused') return statusSinceMs;
  if (state === 'created' || state === 'removing') return undefined;
  if (!lastEnd) return state === 'dead' ? statusSinceMs : undefined;
  if (lastEnd.isAskedFor) return undefined;
  const isOrdinary = lastEnd.isAskedFor === undefined && ORDINARY_CODES.has(lastEnd.exitCode);
  return lastEnd.reason === 'ok' || (isOrdinary && lastEnd.reason !== 'oom') ? undefined : lastEnd.atMs;
}
