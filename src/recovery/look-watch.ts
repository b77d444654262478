/**
 * Notices that time went otherwise than looks tell: a clock that was set, a machine that was paused, a daemon that stood
 * still. How long anything has not moved is not known then, and every worker seems to have been silent meanwhile.
 */

import { formatDuration } from '../lib/duration.js';
import type { Hold } from './decision.js';

export interface LookWatch {
  /** At each look; `intervalMs` is how far looks should lie apart. */
  note(times: LookTimes, intervalMs: number): void;
  /** Of everybody, until what moves has had the time to show it. */
  hold(monotonicMs: number): Hold | undefined;
}

export interface LookTimes {
  readonly nowMs: number;
  readonly monotonicMs: number;
}

/** Looks of a busy machine come late as well. */
const LOST_MS = 15_000;
/** Whoever is at work uses CPU time within this. */
const SETTLES_MS = 120_000;

export function createLookWatch(): LookWatch {
  let before: LookTimes | undefined;
  let lost: { readonly forMs: number; readonly untilMs: number } | undefined;
  return {
    note(times, intervalMs) {
      if (before) {
        const wallMs = times.nowMs - before.nowMs;
        const passedMs = times.monotonicMs - before.monotonicMs;
        const forMs = Math.max(Math.abs(wallMs - passedMs), passedMs - intervalMs);
        if (forMs > LOST_MS) lost = { forMs, untilMs: times.monotonicMs + SETTLES_MS };
      }
      before = times;
    },
    hold(monotonicMs) {
      if (!lost || monotonicMs >= lost.untilMs) return undefined;
      const text = `the clock, the machine or stagewatch jumped by ${formatDuration(lost.forMs)}: who stood still is not known yet`;
      return { reason: 'unconfirmed', text };
    },
  };
}
