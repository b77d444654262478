/** Decides what came of a restart: the worker has taken up work, or has not in the time it has for it. */

import { createFreshness } from '../detectors/freshness.js';
import { jobInHand } from '../detectors/judge-worker.js';
import type { Verdicts } from '../detectors/verdicts.js';
import { runOf } from '../fleet/container-run.js';
import type { Container, Fleet } from '../fleet/model.js';
import { counted } from '../lib/counted.js';
import { formatDuration } from '../lib/duration.js';
import type { RecoverySettings } from './decision.js';
import type { InFlight } from './memory.js';

export interface VerifyFacts {
  readonly fleet: Fleet;
  readonly verdicts: Verdicts;
  readonly settings: RecoverySettings;
  readonly nowMs: number;
}

export interface Verification {
  readonly result: 'recovered' | 'not_recovered';
  readonly text: string;
}

/** Swarm waits 5 s by default before it starts a task, and may have to fetch its image. */
const REPLACED_WITHIN_MS = 120_000;

/** Undefined: nobody can tell yet. */
export function verifyRestart(
  identity: string,
  inFlight: InFlight,
  facts: VerifyFacts,
): Verification | undefined {
  const { fleet, verdicts, settings, nowMs } = facts;
  const freshness = createFreshness(fleet, { nowMs, staleAfterMs: settings.detection.stale_after });
  if (!freshness.isFresh('docker')) return undefined;
  const container = fleet.containers.get(identity);
  if (inFlight.place !== undefined) return verifyReplacement(identity, inFlight, container, facts);
  const gone = describeGone(container, inFlight);
  if (gone !== undefined) return { result: 'not_recovered', text: gone };
  if (!container || runOf(container) !== inFlight.startedAfterMs) return undefined;
  if (container.state !== 'running') {
    const { exitCode } = container.lastEnd ?? {};
    const code = exitCode === undefined ? '' : ` (exit code ${exitCode})`;
    return { result: 'not_recovered', text: `it ended again soon after its start${code}` };
  }
  const sinceMs = inFlight.seenStartedAtMs ?? inFlight.askedAtMs;
  const after = formatDuration(Math.max(0, nowMs - sinceMs));
  // From when it was asked for: a daemon that took the restart over from a life before saw the start late.
  if (hasTakenUpWork(identity, container, inFlight.askedAtMs, fleet)) {
    return { result: 'recovered', text: `it took up work within ${after} of its start` };
  }
  if (nowMs - sinceMs < settings.recovery.verify_within) return undefined;
  return judgeLate({ identity, container, after, fleet, verdicts });
}

/** Swarm starts another task in the same slot, which is the same worker to the fleet. */
function verifyReplacement(
  identity: string,
  { containerId, place, askedAtMs, seenStartedAtMs = askedAtMs }: InFlight,
  container: Container | undefined,
  { fleet, verdicts, settings, nowMs }: VerifyFacts,
): Verification | undefined {
  const waitedMs = nowMs - seenStartedAtMs;
  const after = formatDuration(Math.max(0, waitedMs));
  if (!container || container.id === containerId || container.state !== 'running') {
    if (waitedMs < Math.min(REPLACED_WITHIN_MS, settings.recovery.verify_within)) return undefined;
    const text = `Swarm runs no other task as ${place} within ${after}; its service may not restart tasks that end so`;
    return { result: 'not_recovered', text };
  }
  if (hasTakenUpWork(identity, container, askedAtMs, fleet)) {
    return { result: 'recovered', text: `${container.name} took up work in its place within ${after}` };
  }
  if (waitedMs < settings.recovery.verify_within) return undefined;
  return judgeLate({ identity, container, after, fleet, verdicts });
}

/** It is another's now, or nobody's. */
function describeGone(container: Container | undefined, inFlight: InFlight): string | undefined {
  if (!container) return 'its container was removed meanwhile';
  if (container.id !== inFlight.containerId) return 'its container was created anew meanwhile';
  const isStartedAgain = (runOf(container) ?? 0) > (inFlight.startedAfterMs ?? 0);
  return isStartedAgain ? 'it ended and was started again meanwhile' : undefined;
}

function hasTakenUpWork(identity: string, container: Container, sinceMs: number, fleet: Fleet): boolean {
  const worker = fleet.workers.get(identity);
  const job = jobInHand(worker?.job, container);
  if (job && job.lastHeartbeatAtMs >= sinceMs) return true;
  if ((worker?.hold?.sinceMs ?? 0) >= sinceMs) return true;
  return fleet.endedJobs
    .since(0)
    .some(({ entry }) => entry.container === container.name && entry.startedAtMs >= sinceMs);
}

interface Late extends Pick<VerifyFacts, 'fleet' | 'verdicts'> {
  readonly identity: string;
  readonly container: Container;
  readonly after: string;
}

function judgeLate({ identity, container, after, fleet, verdicts }: Late): Verification {
  const stage = fleet.workers.get(identity)?.stage ?? container.stage;
  const queue = [...fleet.queues.values()].find((one) => stage !== undefined && one.stage === stage);
  const status = verdicts.workers.get(identity)?.status;
  if (queue?.ready?.value === 0 && status === 'idle') {
    return { result: 'recovered', text: `it runs, and no work has come for it within ${after}` };
  }
  const why =
    queue?.ready === undefined
      ? 'and whether any waits is not known'
      : `though its queue has ${counted(queue.ready.value, 'message')}`;
  return { result: 'not_recovered', text: `it took up no work within ${after}, ${why}` };
}
