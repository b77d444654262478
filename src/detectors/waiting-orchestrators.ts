/**
 * Tells whether an orchestrator still waits for the result of a document. Where orchestrators do not say what they carry,
 * or say it under other names than the workers, nobody can know.
 */

import type { Fleet } from '../fleet/model.js';
import type { Orchestrator } from '../fleet/progress-model.js';
import type { Freshness } from './freshness.js';

export type Awaited = 'yes' | 'no' | 'unknown';

export interface WaitingOrchestrators {
  /** Called once at each look, before it is asked. */
  note(moment: {
    readonly fleet: Fleet;
    readonly freshness: Pick<Freshness, 'isFresh'>;
    readonly nowMs: number;
  }): void;
  isAwaited(document: string | undefined): Awaited;
}

/** An orchestrator may write its file anew in between; and it may send the same document again. */
const RELEASED_MS = 30_000;
const MAX_DOCUMENTS = 20_000;

export function createWaitingOrchestrators(): WaitingOrchestrators {
  /** By document that was ever carried, the last one last: when it was last seen to be. */
  const carriedAtMs = new Map<string, number>();
  let isBlind = true;
  /** Since when all orchestrators can be seen. */
  let clearSinceMs: number | undefined;
  let nowMs = 0;

  return {
    note({ fleet, freshness, nowMs: atMs }) {
      nowMs = atMs;
      const { orchestrators } = fleet;
      isBlind = orchestrators.size === 0 && !freshness.isFresh('progress');
      for (const orchestrator of orchestrators.values()) {
        const { document, job, isByMessage } = orchestrator;
        const isSeen = freshness.isFresh(isByMessage ? 'rabbitmq' : 'progress');
        if (!isSeen || isSilent(orchestrator, fleet)) isBlind = true;
        if (job && document !== undefined && !isDown(orchestrator, fleet)) carry(document);
      }
      clearSinceMs = isBlind ? undefined : (clearSinceMs ?? nowMs);
    },
    isAwaited(document) {
      const lastMs = document === undefined ? undefined : carriedAtMs.get(document);
      if (lastMs === undefined) return 'unknown';
      if (lastMs === nowMs) return 'yes';
      if (clearSinceMs === undefined) return 'unknown';
      return nowMs - Math.max(lastMs, clearSinceMs) >= RELEASED_MS ? 'no' : 'yes';
    },
  };

  function carry(document: string): void {
    carriedAtMs.delete(document);
    carriedAtMs.set(document, nowMs);
    const oldest = carriedAtMs.keys().next();
    if (carriedAtMs.size > MAX_DOCUMENTS && !oldest.done) carriedAtMs.delete(oldest.value);
  }
}

/** It runs, and does not say which document it carries. */
function isSilent(orchestrator: Orchestrator, fleet: Fleet): boolean {
  const { unreadable, job, document } = orchestrator;
  return (
    (unreadable !== undefined || (job !== undefined && document === undefined)) &&
    !isDown(orchestrator, fleet)
  );
}

/** What its file says was true when it ran. */
function isDown({ identity }: Orchestrator, { containers }: Fleet): boolean {
  const container = identity === undefined ? undefined : containers.get(identity);
  return container !== undefined && container.state !== 'running';
}
