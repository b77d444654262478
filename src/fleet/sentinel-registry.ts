/** Keeps the sentinels of the picture: counts by stage, counters that only rise, a bounded list of what failed. */

import { emptyHistogram, observe } from '../lib/histogram.js';
import { createSequenceRing } from '../lib/sequence-ring.js';
import type {
  Failure,
  SentinelDelay,
  SentinelDisk,
  SentinelFacts,
  SentinelSeen,
  StageSentinels,
} from './sentinel-model.js';
import type { SeenSentinel, SentinelObservation } from './sentinel-observations.js';

export interface SentinelRegistry {
  readonly sentinels: SentinelFacts;
  apply(observation: SentinelObservation): void;
  /** Sentinels are watched no longer: what is present is unknown, counters stay. */
  forgetPresent(): void;
}

/** Failures kept with their text; the counts are exact beyond it. */
const MAX_FAILURES = 1000;
/** Stages come from names of folders. The thread that reads them counts in fewer; what it finds new is counted here. */
const MAX_STAGES = 1000;
const OTHER_STAGE = 'other';
/** Looked at every few seconds; a burst beyond it is counted, and not remembered one by one. */
const MAX_SEEN = 10_000;
const DELAY_BOUNDS_SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 1.5, 2.5, 5, 10, 30, 60, 600];

export function createSentinelRegistry(): SentinelRegistry {
  const stages = new Map<string, StageSentinels>();
  const failures = new Map<string, Failure>();
  const seen = createSequenceRing<SentinelSeen>(MAX_SEEN);
  const sentinels: SentinelFacts & { delay?: SentinelDelay; disk?: SentinelDisk } = {
    stages,
    failures,
    seen,
  };
  let reasons: readonly string[] = [];

  function stageOf(named: string): StageSentinels {
    const isOneTooMany = stages.size >= MAX_STAGES && !stages.has(named);
    const stage = isOneTooMany ? OTHER_STAGE : named;
    return stages.get(stage) ?? { stage, newFailures: zeroes(reasons) };
  }

  function countFailure(stage: string, reason: string): void {
    const before = stageOf(stage);
    const newFailures = { ...before.newFailures, [reason]: (before.newFailures[reason] ?? 0) + 1 };
    stages.set(before.stage, { ...before, newFailures });
  }

  function countDelay(delayMs: number): void {
    const histogram = sentinels.delay?.histogram ?? emptyHistogram(DELAY_BOUNDS_SECONDS);
    sentinels.delay = { histogram: observe(histogram, delayMs / 1000) };
  }

  function keep(failure: Failure): void {
    failures.set(failure.path, failure);
    if (failures.size <= MAX_FAILURES) return;
    let oldest = failure;
    for (const candidate of failures.values()) {
      if (candidate.writtenAtMs < oldest.writtenAtMs) oldest = candidate;
    }
    failures.delete(oldest.path);
  }

  function forgetPresent(): void {
    failures.clear();
    delete sentinels.disk;
    for (const [stage, { newFailures }] of stages) stages.set(stage, { stage, newFailures });
  }

  return {
    sentinels,
    apply(observation) {
      switch (observation.kind) {
        case 'sentinels-watched': {
          reasons = observation.reasons;
          forgetPresent();
          sentinels.delay ??= { histogram: emptyHistogram(DELAY_BOUNDS_SECONDS) };
          for (const stage of new Set([...stages.keys(), ...observation.stages])) {
            const before = stageOf(stage);
            stages.set(before.stage, {
              ...before,
              newFailures: { ...zeroes(reasons), ...before.newFailures },
            });
          }
          break;
        }
        case 'sentinels-counted':
          for (const { stage, successes, failures: failed } of observation.counts) {
            const before = stageOf(stage);
            stages.set(before.stage, { ...before, successes, failures: failed });
          }
          break;
        case 'sentinel-seen': {
          const { outcome, stage, reason } = observation.sentinel;
          seen.push(describeSeen(observation.sentinel, observation.delayMs));
          if (outcome === 'failure' && reason !== undefined) countFailure(stage, reason);
          if (observation.delayMs !== undefined) countDelay(observation.delayMs);
          break;
        }
        case 'failure-present':
          keep(observation.failure);
          break;
        case 'failure-gone':
          failures.delete(observation.path);
          break;
        case 'sentinel-disk-read':
          sentinels.disk = observation.disk;
          break;
      }
    },
    forgetPresent,
  };
}

function zeroes(reasons: readonly string[]): Record<string, number> {
  return Object.fromEntries(reasons.map((reason) => [reason, 0]));
}

function describeSeen(sentinel: SeenSentinel, delayMs: number | undefined): SentinelSeen {
  const { outcome, stage, document, worker, reason, atMs } = sentinel;
  return {
    outcome,
    stage,
    writtenAtMs: atMs,
    ...(document !== undefined && { document }),
    ...(worker !== undefined && { worker }),
    ...(delayMs !== undefined && { delayMs }),
    ...(reason !== undefined && { reason }),
  };
}
