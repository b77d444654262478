/**
 * WorkerDown: a worker's container ended by itself, could not be started, or is paused, and has not run for `down_after`;
 * while its restart policy is about to start it again, for 3 minutes.
 */

import type { Container } from '../fleet/model.js';
import { counted } from '../lib/counted.js';
import { formatDuration } from '../lib/duration.js';
import { describeLastEnd, detectContainers } from './container-findings.js';
import { isDeliberate } from './job-death.js';
import { lastWordOf } from './log-errors.js';
import type { Detector } from './scene.js';

const CLEAR_AFTER_MS = 10_000;
/** A pause is somebody's doing, and as a rule a short one. */
const PAUSED_MS = 5 * 60_000;
/** The engine waits up to a minute before it starts one again; WorkerCrashLooping is about that. */
const RESTARTING_MS = 3 * 60_000;
/** What it printed so long before its end may be why. */
const LAST_WORDS_MS = 5 * 60_000;

export const workerDown: Detector = {
  kind: 'WorkerDown',
  steadiness: () => ({ openAfterMs: 0, clearAfterMs: CLEAR_AFTER_MS }),
  detect: (scene) =>
    detectContainers(scene, {
      kind: 'WorkerDown',
      among: ({ containers }) => containers.notRunning,
      describe: (container, { settings, nowMs, workers, fleet }) => {
        if (container.role !== 'worker' || container.state === 'running') return undefined;
        const sinceMs = downSince(container, workers.get(container.identity)?.sinceMs);
        const afterMs = limitOf(container, settings.detection.down_after);
        if (sinceMs === undefined || nowMs - sinceMs < afterMs) return undefined;
        const how = describeHow(container);
        return {
          summary: `down for ${formatDuration(nowMs - sinceMs)}: it ${how}`,
          evidence: [
            `container is ${container.state}; it ${how}`,
            `${counted(container.counters.restarts.policy, 'restart')} by its policy so far`,
            ...(container.error ? [`the engine says: ${container.error}`] : []),
            ...lastWordOf(container.identity, fleet.logTroubles, { nowMs, sinceMs: sinceMs - LAST_WORDS_MS }),
          ],
          clearsWhen: 'Its container runs again, or is removed.',
          beganAtMs: sinceMs,
        };
      },
    }),
};

/** The engine keeps the words of a start that failed until one succeeds. */
export function couldNotStart({ state, error }: Container): boolean {
  return state !== 'running' && state !== 'paused' && error !== undefined && error !== '';
}

function limitOf({ state }: Container, downAfterMs: number): number {
  if (state === 'paused') return PAUSED_MS;
  return state === 'restarting' ? RESTARTING_MS : downAfterMs;
}

function describeHow(container: Container): string {
  if (container.state === 'paused') return 'is paused';
  return couldNotStart(container) ? 'could not be started' : describeLastEnd(container);
}

/** Undefined: it is down as somebody wanted it. */
function downSince(container: Container, statusSinceMs: number | undefined): number | undefined {
  const { state, lastEnd, createdAtMs } = container;
  if (state === 'paused') return statusSinceMs;
  if (state === 'removing') return undefined;
  if (couldNotStart(container)) return lastEnd?.atMs ?? createdAtMs;
  if (state === 'created') return undefined;
  if (!lastEnd) return state === 'dead' ? statusSinceMs : undefined;
  if (lastEnd.isOurs) return lastEnd.atMs;
  if (lastEnd.reason === 'ok' || lastEnd.isHeldDown || isDeliberate(lastEnd)) return undefined;
  return lastEnd.atMs;
}
