/** Decides for each stuck worker whether it is restarted now, and if not why not: pure, one decision and one named reason each. */

import { firstHold } from './all-holds.js';
import { findCandidates } from './candidates.js';
import { type Candidate, HOLD_REASONS, type Hold, type RestartReason, type WorkerPlan } from './decision.js';
import { isProbe } from './fleet-rules.js';
import { memoryOf, within } from './memory.js';
import type { PlanInput } from './plan-input.js';
import { describeFailed } from './worker-rules.js';

/** At most one of them is to be restarted: the one that has been stuck longest of those that nothing speaks against. */
export function planRecovery(input: PlanInput): readonly WorkerPlan[] {
  const candidates = findCandidates(input).toSorted((one, other) => one.sinceMs - other.sinceMs);
  let isTurnTaken = false;
  return candidates.map((candidate) => {
    const hold = firstHold('plan', candidate, input, isTurnTaken);
    if (!hold) isTurnTaken = true;
    return planned(candidate, input, hold);
  });
}

export function planned(candidate: Candidate, input: PlanInput, hold: Hold | undefined): WorkerPlan {
  const { memory, settings, nowMs } = input;
  const { container_window, container_budget } = settings.recovery;
  const { restartsAtMs, failed } = memoryOf(memory, candidate.identity);
  const figures = {
    restartsInWindow: within(restartsAtMs, container_window, nowMs).length,
    budget: container_budget,
    ...(failed && { failed }),
  };
  if (!hold) {
    const reason = candidate.why === 'stuck' && isProbe(candidate, input) ? 'probe' : candidate.why;
    return {
      ...candidate,
      ...figures,
      decision: 'restart',
      reason,
      text: failed ? `${describeFailed(failed)}; it is tried again` : TEXTS[reason],
    };
  }
  const { reason, text, untilMs } = hold;
  return {
    ...candidate,
    ...figures,
    decision: HOLD_REASONS[reason],
    reason,
    text,
    ...(untilMs !== undefined && { nextAllowedAtMs: untilMs }),
  };
}

const TEXTS: Readonly<Record<RestartReason, string>> = {
  stuck: 'it is stuck, nothing of it moves, and nothing speaks against a restart',
  left_down: 'its last restart by stagewatch stopped it and did not start it again',
  asked_for: 'a person asked for it',
  probe:
    'its stage hangs as a whole, and nothing that is known explains it: one worker is restarted to see whether that cures it',
};
