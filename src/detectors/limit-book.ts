/** Keeps the limits in force of every stage, each the same object as long as nothing of it changes. */

import type { Fleet } from '../fleet/model.js';
import { isSameData } from '../lib/same-data.js';
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
}

export function createLimitBook(): LimitBook {
  const limits = new Map<string, StageLimits>();
  let fallback: StageLimits | undefined;
  return {
    limits,
    update({ settings: { detection, stages: configs }, pace, fleet }) {
      fallback = decideLimits({ stage: '', config: undefined, detection, pace: undefined });
      const stages = new Set(fleet.stages.keys());
      for (const { stage } of fleet.workers.values()) if (stage !== undefined) stages.add(stage);
      for (const stage of limits.keys()) if (!stages.has(stage)) limits.delete(stage);
      for (const stage of stages) {
        const config = configs.find(({ id }) => id === stage);
        const next = decideLimits({ stage, config, detection, pace: pace.stages.get(stage) });
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
