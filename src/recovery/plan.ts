/** Decides for each stuck worker whether it is restarted now, and if not why not: pure, one decision and one named reason each. */

import { counted } from '../lib/counted.js';
import { formatDuration } from '../lib/duration.js';
import { findCandidates } from './candidates.js';
import { type Candidate, HOLD_REASONS, type Hold, type RestartReason, type WorkerPlan } from './decision.js';
import { causeHold, fleetHold, isProbe } from './fleet-rules.js';
import { fleetRemaining, memoryOf, within } from './memory.js';
import type { PlanInput } from './plan-input.js';
import { configuredHold, describeFailed, momentaryHold, workerHold } from './worker-rules.js';

/** At most one of them is to be restarted: the one that has been stuck longest of those that nothing speaks against. */
export function planRecovery(input: PlanInput): readonly WorkerPlan[] {
  const candidates = findCandidates(input).toSorted((one, other) => one.sinceMs - other.sinceMs);
  const forAll = fleetHold(input);
  let isTaken = [...input.memory.inFlight.values()].some(({ phase }) => phase === 'restarting');
  return candidates.map((candidate) => {
    const hold =
      configuredHold(candidate, input) ??
      forAll ??
      causeHold(candidate, input) ??
      workerHold(candidate, input) ??
      momentaryHold(candidate, input) ??
      input.aborted?.get(candidate.identity) ??
      crowdHold(candidate, input, isTaken);
    if (!hold) isTaken = true;
    return planned(candidate, input, hold);
  });
}

/** What holds back one that could be restarted by itself: the others. */
export function crowdHold(candidate: Candidate, input: PlanInput, isTaken: boolean): Hold | undefined {
  const { fleet, memory, settings, nowMs } = input;
  const { recovery } = settings;
  if (fleetRemaining(memory, recovery, nowMs) === 0) {
    const [oldest = nowMs] = within(memory.fleetRestartsAtMs, recovery.fleet_window, nowMs);
    const window = formatDuration(recovery.fleet_window);
    return {
      reason: 'fleet_budget',
      text: `the budget of ${counted(recovery.fleet_budget, 'restart')} in ${window} is used up`,
      untilMs: oldest + recovery.fleet_window,
    };
  }
  const { stage } = candidate;
  if (stage !== undefined) {
    const workers = [...fleet.workers.values()].filter((worker) => worker.stage === stage).length;
    const most = Math.max(1, Math.floor(workers * recovery.stage_share));
    const underWay = [...memory.inFlight.values()].filter((one) => one.stage === stage).length;
    if (underWay >= most) {
      const text = `of ${counted(workers, 'worker')} of ${stage}, ${underWay} ${underWay === 1 ? 'is' : 'are'} being restarted or not back at work yet; ${most} may be at once`;
      return { reason: 'stage_share', text };
    }
  }
  if (!isTaken) return undefined;
  return { reason: 'one_at_a_time', text: 'another worker is being restarted; one at a time' };
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
