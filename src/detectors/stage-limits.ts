/** Decides which limits are in force for a stage: set by the user, learned from its own pace, or the default. */

import type { DetectionConfig } from '../config/detection-section.js';
import type { StageConfig } from '../config/stages-section.js';
import type { StagePace } from './learned-pace.js';
import { createQuantileSketch } from './quantile-sketch.js';
import type { LearnedLimit } from './step-tail.js';
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

/** What has taken so long and moved on by itself may take half as long again. */
const TAIL_FACTOR = 1.5;

export interface LimitFacts {
  readonly stage: string;
  /** Undefined: the stage is not configured. */
  readonly config: StageConfig | undefined;
  readonly detection: DetectionConfig;
  readonly pace: StagePace | undefined;
  /** For how long the jobs that are in hand now have been seen to move, in milliseconds. */
  readonly running?: readonly number[] | undefined;
}

export function decideLimits(facts: LimitFacts): StageLimits {
  const { stage, config, detection, pace } = facts;
  const { stallMs, origin, learnedMs } = decideStall(facts);
  const livelockSetMs = config?.livelock_after ?? detection.livelock_after;
  const leastMs = learnedMs === undefined && origin === 'default' ? UNKNOWN_LIVELOCK_MS : MIN_LIVELOCK_MS;
  const maxJobMs = config?.max_job ?? detection.max_job;
  const jobMs = longJob(facts);
  return {
    stage,
    stallMs,
    origin,
    ...(learnedMs !== undefined && { learnedMs }),
    livelockMs: livelockSetMs ?? Math.max(LIVELOCK_FACTOR * stallMs, leastMs),
    ...(maxJobMs !== null && { maxJobMs }),
    // A job that moves is not judged sooner than one that stands still.
    ...(jobMs !== undefined && {
      slowJobMs: Math.round(Math.max(SLOW_FACTOR * jobMs, detection.stall_after)),
    }),
    gapSamples: Math.round(pace?.gaps.weight ?? 0),
    jobSamples: Math.round(pace?.jobs.weight ?? 0),
    jobsWithin: pace?.tail.jobsWithin ?? 0,
  };
}

interface Stall {
  readonly stallMs: number;
  readonly origin: LimitOrigin;
  /** What was learned, also while it is not in force. */
  readonly learnedMs?: number;
}

function decideStall({ config, detection, pace }: LimitFacts): Stall {
  const setMs = config?.stall_after ?? null;
  if (setMs !== null) return { stallMs: setMs, origin: 'set' };
  const learned = pace && detection.learn_limits ? learnedLimit(pace, detection) : undefined;
  const defaultMs = detection.stall_after;
  if (!pace || !learned) return { stallMs: defaultMs, origin: 'default' };
  const learnedMs = learned.limitMs;
  // A short limit kills what merely waits: until it has held for many jobs nobody is held to it.
  const isInForce = learnedMs >= defaultMs || pace.tail.jobsWithin >= detection.learned_proof;
  return isInForce
    ? { stallMs: learnedMs, origin: 'learned', learnedMs }
    : { stallMs: defaultMs, origin: 'default', learnedMs };
}

/** Undefined: too few steps, or steps of too few jobs, were seen. */
export function learnedLimit(
  { gaps, jobs, tail }: StagePace,
  { learn_from, learn_from_jobs, learned_factor, learned_floor, learned_ceiling }: DetectionConfig,
): LearnedLimit | undefined {
  if (gaps.weight < learn_from || jobs.weight < learn_from_jobs) return undefined;
  const gapMs = gaps.quantile(HIGH_QUANTILE);
  if (gapMs === undefined) return undefined;
  const within = (ms: number): number => Math.round(Math.max(learned_floor, Math.min(ms, learned_ceiling)));
  const paceMs = within(learned_factor * gapMs);
  const isExceeded = tail.longestMs > paceMs;
  return { paceMs, limitMs: isExceeded ? Math.max(paceMs, within(TAIL_FACTOR * tail.longestMs)) : paceMs };
}

/**
 * One job in a hundred takes longer. Those in hand count as at least as long as they have run, or a stage whose short
 * jobs have ended would call all others slow; but one that outlasts all others is what is looked for.
 */
function longJob({ detection, pace, running = [] }: LimitFacts): number | undefined {
  if (!detection.learn_limits || !pace || pace.jobs.weight < MIN_JOBS) return undefined;
  const longer = createQuantileSketch(pace.cut.save());
  for (const ms of running.toSorted((one, other) => other - one).slice(1)) longer.add(ms);
  return pace.jobs.quantile(HIGH_QUANTILE, longer);
}
