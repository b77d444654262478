/** Writes failures into the journal, bounded in length and number: from failure sentinels, else from what workers say. */

import type { Fleet } from '../fleet/model.js';
import type { Observation } from '../fleet/observations.js';
import type { Journal } from '../journal/journal.js';
import type { Clock } from '../lib/clock.js';

export interface FailureJournal {
  /** Every observation goes through here. */
  note(observation: Observation): void;
  /** Jobs that ended since the last look; where sentinels are watched they tell it, and better. */
  look(): void;
}

const MAX_ERROR = 300;
const MAX_NAME = 200;
/** Thousands of failures in a minute are one fault: the rest is counted. */
const MAX_A_MINUTE = 200;
const MINUTE_MS = 60_000;

export function createFailureJournal({
  fleet,
  journal,
  clock,
}: {
  readonly fleet: Fleet;
  readonly journal: Pick<Journal, 'append'>;
  readonly clock: Clock;
}): FailureJournal {
  let endedSeen = fleet.endedJobs.newest;
  let minuteFromMs = 0;
  let written = 0;
  let leftOut = 0;

  function write(failure: {
    readonly stage: string | undefined;
    readonly document: string | undefined;
    readonly worker: string | undefined;
    readonly reason: string;
    readonly error: string | undefined;
  }): void {
    const nowMs = clock.nowMs();
    if (nowMs - minuteFromMs >= MINUTE_MS) {
      minuteFromMs = nowMs;
      written = 0;
    }
    if (written >= MAX_A_MINUTE) {
      leftOut++;
      return;
    }
    written++;
    journal.append({
      type: 'failure',
      stage: failure.stage?.slice(0, MAX_NAME),
      document: failure.document?.slice(0, MAX_NAME),
      worker: failure.worker?.slice(0, MAX_NAME),
      reason: failure.reason,
      error: failure.error?.split(/\r?\n/, 1)[0]?.slice(0, MAX_ERROR),
      // Failures before this one that found no room.
      leftOut: leftOut > 0 ? leftOut : undefined,
    });
    leftOut = 0;
  }

  return {
    note(observation) {
      if (observation.kind !== 'sentinel-seen' || observation.sentinel.outcome !== 'failure') return;
      const { stage, document, worker, reason = 'other', error } = observation.sentinel;
      write({ stage, document, worker, reason, error });
    },
    look() {
      const ended = fleet.endedJobs.since(endedSeen);
      endedSeen = fleet.endedJobs.newest;
      if (fleet.sources.has('sentinels')) return;
      for (const { entry } of ended) {
        if (entry.outcome !== 'failed') continue;
        const { stage, document, container: worker } = entry;
        write({ stage, document, worker, reason: 'other', error: undefined });
      }
    },
  };
}
