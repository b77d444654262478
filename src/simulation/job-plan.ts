/** Draws how long a simulated job takes, and in how many steps it tells of it. */

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
