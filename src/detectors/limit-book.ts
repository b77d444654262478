/** Keeps the limits in force of every stage, each the same object as long as nothing of it changes. */

import type { Fleet } from '../fleet/model.js';
import { isSameData } from '../lib/same-data.js';
import { jobOfHold } from './judge-hold.js';
import type { LearnedPace } from './learned-pace.js';
import type { DetectionSettings } from './settings.js';
import { decideLimits } from './stage-limits.js';
import type { StageLimits } from './verdicts.js';

export interface LimitBook {
  readonly limits: ReadonlyMap<string, StageLimits>;
  update(facts: LimitBookFacts): void;
  /** The defaults for a worker whose stage is not known. */
  of(stage: string | undefined): StageLimits;
}

export interface LimitBookFacts {
  readonly settings: DetectionSettings;
  readonly pace: Pick<LearnedPace, 'stages'>;
  readonly fleet: Pick<Fleet, 'stages' | 'workers'>;
  readonly nowMs: number;
}

export function createLimitBook(): LimitBook {
  const limits = new Map<string, StageLimits>();
  let fallback: StageLimits | undefined;
  return {
    limits,
    update({ settings: { detection, stages: configs }, pace, fleet, nowMs }) {
      fallback = decideLimits({ stage: '', config: undefined, detection, pace: undefined });
      const running = collectRunning(fleet, nowMs);
      const stages = new Set([...fleet.stages.keys(), ...running.keys()]);
      for (const stage of limits.keys()) if (!stages.has(stage)) limits.delete(stage);
      for (const stage of stages) {
        const config = configs.find(({ id }) => id === stage);
        const next = decideLimits({
          ...{ stage, config, detection, pace: pace.stages.get(stage) },
          running: running.get(stage),
        });
        if (!isSameData(limits.get(stage), next)) limits.set(stage, next);
      }
    },
    of(stage) {
      const found = (stage === undefined ? undefined : limits.get(stage)) ?? fallback;
      if (!found) throw new Error('limits are asked for before the first update');
      return found;
    },
  };
}

/** By stage of any worker: for how long each of its jobs in hand has been seen to move. */
function collectRunning(
  { workers }: Pick<Fleet, 'workers'>,
  nowMs: number,
): ReadonlyMap<string, readonly number[]> {
  const running = new Map<string, number[]>();
  for (const { stage, job: told, hold } of workers.values()) {
    const job = told ?? jobOfHold(hold, nowMs);
    if (stage === undefined) continue;
    let list = running.get(stage);
    if (!list) {
      list = [];
      running.set(stage, list);
    }
    // One that counts its units and stands still is not at work.
    if (job)
      list.push(Math.max(0, (job.done === undefined ? nowMs : job.lastProgressAtMs) - job.startedAtMs));
  }
  return running;
}
