/** Decides which limits are in force for a stage: set by the user, learned from its own pace, or the default. */

import type { DetectionConfig } from '../config/detection-section.js';
import type { StageConfig } from '../config/stages-section.js';
import type { StagePace } from './learned-pace.js';
import type { LimitOrigin, StageLimits } from './verdicts.js';

/** A stuck worker that is busy costs less than a long job killed: its limit is so many times the first. */
const LIVELOCK_FACTOR = 5;
const MIN_LIVELOCK_MS = 15 * 60_000;
/** While nothing is known of a stage, a step of a legitimate job may take this long. */
const UNKNOWN_LIVELOCK_MS = 2 * 3_600_000;
const MIN_JOBS = 20;
/** One job in a hundred takes longer than the 99th percentile; one that takes twice as long is slow. */
const SLOW_FACTOR = 2;
const HIGH_QUANTILE = 0.99;

export interface LimitFacts {
  readonly stage: string;
  /** Undefined: the stage is not configured. */
  readonly config: StageConfig | undefined;
  readonly detection: DetectionConfig;
  readonly pace: StagePace | undefined;
}

export function decideLimits({ stage, config, detection, pace }: LimitFacts): StageLimits {
  const { stallMs, origin } = decideStall({ stage, config, detection, pace });
  const livelockSetMs = config?.livelock_after ?? detection.livelock_after;
  const leastMs = origin === 'default' ? UNKNOWN_LIVELOCK_MS : MIN_LIVELOCK_MS;
  const maxJobMs = config?.max_job ?? detection.max_job;
  const jobMs =
    detection.learn_limits && pace && pace.jobs.weight >= MIN_JOBS
      ? pace.jobs.quantile(HIGH_QUANTILE)
      : undefined;
  return {
    stage,
    stallMs,
    origin,
    livelockMs: livelockSetMs ?? Math.max(LIVELOCK_FACTOR * stallMs, leastMs),
    ...(maxJobMs !== null && { maxJobMs }),
    ...(jobMs !== undefined && { slowJobMs: Math.round(SLOW_FACTOR * jobMs) }),
    gapSamples: Math.round(pace?.gaps.weight ?? 0),
    jobSamples: Math.round(pace?.jobs.weight ?? 0),
  };
}

function decideStall({ config, detection, pace }: LimitFacts): { stallMs: number; origin: LimitOrigin } {
  const setMs = config?.stall_after ?? null;
  if (setMs !== null) return { stallMs: setMs, origin: 'set' };
  const { learn_limits, learn_from, learned_factor, learned_floor, learned_ceiling } = detection;
  const gapMs =
    learn_limits && pace && pace.gaps.weight >= learn_from ? pace.gaps.quantile(HIGH_QUANTILE) : undefined;
  if (gapMs === undefined) return { stallMs: detection.stall_after, origin: 'default' };
  const learnedMs = Math.max(learned_floor, Math.min(learned_factor * gapMs, learned_ceiling));
  return { stallMs: Math.round(learnedMs), origin: 'learned' };
}
