/** FailuresSpiking: a stage has `failures_min` new failures within `failures_window`, three times as many as before. */

import { formatDuration } from '../lib/duration.js';
import type { FailureSample } from './failure-history.js';
import type { Detector, Scene } from './scene.js';

const TIMES_AS_MANY = 3;
const CLEAR_AFTER_MS = 60_000;
const MAX_ERROR = 160;

export const failuresSpiking: Detector = {
  kind: 'FailuresSpiking',
  steadiness: () => ({ openAfterMs: 0, clearAfterMs: CLEAR_AFTER_MS }),
  detect(scene) {
    const { histories, settings, nowMs, isFresh } = scene;
    if (!isFresh('sentinels')) return { found: [], unsure: 'all' };
    const { failures_window: windowMs, failures_min } = settings.detection;
    const found = [...histories.failures.samples].flatMap(([stage, samples]) => {
      const last = samples.at(-1);
      const start = sampleAt(samples, nowMs - windowMs);
      if (!last || !start) return [];
      const risen = difference(last, start);
      const count = sum(risen);
      const before = sampleAt(samples, nowMs - 2 * windowMs) ?? samples[0];
      const earlier = before ? sum(difference(start, before)) : 0;
      if (count < failures_min || count < TIMES_AS_MANY * earlier) return [];
      const window = formatDuration(windowMs);
      return {
        kind: 'FailuresSpiking' as const,
        key: stage,
        subject: { stage },
        summary: `${count} failures within ${window}, ${earlier} in the ${window} before`,
        evidence: [
          Object.entries(risen)
            .filter(([, rise]) => rise > 0)
            .toSorted(([, one], [, other]) => other - one)
            .map(([reason, rise]) => `${rise} ${reason}`)
            .join(', '),
          ...exampleOf(stage, scene),
        ],
        clearsWhen: `Fewer than ${failures_min} failures, or no more than before, lie within ${window}.`,
        beganAtMs: firstRise(samples, start),
      };
    });
    return { found, unsure: [] };
  },
};

/** What had been counted at the time; undefined where nobody was looking yet, except that the start was at the look. */
function sampleAt(samples: readonly FailureSample[], atMs: number): FailureSample | undefined {
  return samples.findLast((sample) => sample.atMs <= atMs) ?? samples[0];
}

function difference(now: FailureSample, then: FailureSample): Record<string, number> {
  return Object.fromEntries(
    Object.entries(now.counts).map(([reason, count]) => [reason, count - (then.counts[reason] ?? 0)]),
  );
}

const sum = (counts: Readonly<Record<string, number>>): number =>
  Object.values(counts).reduce((total, count) => total + count, 0);

function firstRise(samples: readonly FailureSample[], start: FailureSample): number {
  const base = sum(start.counts);
  const first = samples.find(({ atMs, counts }) => atMs > start.atMs && sum(counts) > base);
  return first?.atMs ?? start.atMs;
}

function exampleOf(stage: string, { fleet }: Scene): readonly string[] {
  const newest = [...fleet.sentinels.failures.values()]
    .filter((failure) => failure.stage === stage)
    .reduce<{ error: string; writtenAtMs: number } | undefined>(
      (best, failure) => (best && best.writtenAtMs >= failure.writtenAtMs ? best : failure),
      undefined,
    );
  const [line = ''] = newest?.error.split('\n', 1) ?? [];
  return line === '' ? [] : [`the newest says: ${line.slice(0, MAX_ERROR)}`];
}
