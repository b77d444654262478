/** Draws how long a simulated job takes, and in how many steps it tells of it; and which take longer than drawn. */

import type { SimStage } from './profile.js';
import type { Random } from './random.js';

const SECOND = 1000;

/** How long a job takes on average. */
export function meanJobMs({ jobTime }: SimStage): number {
  const seconds =
    'median' in jobTime ? jobTime.median * Math.exp(jobTime.sigma ** 2 / 2) : (jobTime.from + jobTime.to) / 2;
  return seconds * SECOND;
}

export function planJob(
  { habit, jobTime }: SimStage,
  chance: Random,
  slowness: number,
): { readonly steps: number | undefined; readonly durationMs: number } {
  const seconds =
    'median' in jobTime
      ? Math.min(chance.lognormal(jobTime.median, jobTime.sigma), jobTime.median * 6)
      : chance.between(jobTime.from, jobTime.to);
  const steps = { fine: chance.integer(12, 40), coarse: chance.integer(3, 5), none: undefined }[habit];
  return { steps, durationMs: Math.max(3, seconds) * SECOND * slowness };
}

export interface Pace {
  setSlowness(stage: string, factor: number): void;
  /** The next jobs of the stage take so many times as long. */
  stretchNext(stage: string, jobs: number, factor: number): void;
  /** Of the job that begins now. */
  next(stage: string): number;
}

export function createPace(): Pace {
  const slowness = new Map<string, number>();
  const stretched = new Map<string, { left: number; readonly factor: number }>();
  return {
    setSlowness(stage, factor) {
      slowness.set(stage, factor);
    },
    stretchNext(stage, jobs, factor) {
      stretched.set(stage, { left: jobs, factor });
    },
    next(stage) {
      const stretch = stretched.get(stage);
      const isStretched = stretch !== undefined && stretch.left > 0;
      if (isStretched) stretch.left--;
      return (slowness.get(stage) ?? 1) * (isStretched ? stretch.factor : 1);
    },
  };
}
