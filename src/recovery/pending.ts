/** Decides what has become of a restart that the engine rejected, or did not answer: it may be carried out minutes later. */

import { runOf } from '../fleet/container-run.js';
import type { Container } from '../fleet/model.js';
import type { InFlight, PendingRestart } from './memory.js';

/**
 * `waits`: the container run that was to end goes on. `took_effect`: it ended, and the engine does not start it again.
 * `over`: it was started, removed or asked to end by another client since, who sees to it.
 */
export type PendingOutcome = 'waits' | 'took_effect' | 'over';

/** The engine's clock is known to two or three seconds. */
const CLOCK_SLACK_MS = 3000;

export function judgePending(pending: PendingRestart, container: Container | undefined): PendingOutcome {
  // An engine that is away, or a container that is gone: nothing is known, and nothing can be started.
  if (!container) return 'waits';
  if (container.id !== pending.containerId || runOf(container) !== pending.startedBeforeMs) return 'over';
  const { state, endRequested, lastEnd } = container;
  const isDown = state === 'exited' || state === 'dead' || state === 'created';
  const requestedAtMs = isDown ? lastEnd?.requestedAtMs : endRequested?.atMs;
  if ((requestedAtMs ?? 0) > pending.answeredAtMs + CLOCK_SLACK_MS) return 'over';
  return isDown ? 'took_effect' : 'waits';
}

export function pendingOf(inFlight: InFlight, answeredAtMs: number): PendingRestart {
  const { id, containerId, askedAtMs, startedBeforeMs } = inFlight;
  return {
    incident: id,
    containerId,
    askedAtMs,
    answeredAtMs,
    ...(startedBeforeMs !== undefined && { startedBeforeMs }),
  };
}

/** With what was learnt of it since; the same object if nothing was. */
export function withKill(pending: PendingRestart, container: Container | undefined): PendingRestart {
  const killedAtMs = container?.endRequested?.killedAtMs;
  return killedAtMs === undefined || killedAtMs === pending.killedAtMs ? pending : { ...pending, killedAtMs };
}
