/** What holds back one that could be restarted by itself: the others. */

import { counted } from '../lib/counted.js';
import { formatDuration } from '../lib/duration.js';
import type { Candidate, Hold } from './decision.js';
import { fleetRemaining, within } from './memory.js';
import type { PlanInput } from './plan-input.js';

export function fleetBudgetHold(
  _candidate: Candidate,
  { memory, settings: { recovery }, nowMs }: PlanInput,
): Hold | undefined {
  if (fleetRemaining(memory, recovery, nowMs) > 0) return undefined;
  const [oldest = nowMs] = within(memory.fleetRestartsAtMs, recovery.fleet_window, nowMs);
  const window = formatDuration(recovery.fleet_window);
  return {
    reason: 'fleet_budget',
    text: `the budget of ${counted(recovery.fleet_budget, 'restart')} in ${window} is used up`,
    untilMs: oldest + recovery.fleet_window,
  };
}

export function stageShareHold(
  { stage }: Candidate,
  { fleet, memory, settings: { recovery } }: PlanInput,
): Hold | undefined {
  if (stage === undefined) return undefined;
  const workers = [...fleet.workers.values()].filter((worker) => worker.stage === stage).length;
  const most = Math.max(1, Math.floor(workers * recovery.stage_share));
  const underWay = [...memory.inFlight.values()].filter((one) => one.stage === stage).length;
  if (underWay < most) return undefined;
  const text = `of ${counted(workers, 'worker')} of ${stage}, ${underWay} ${underWay === 1 ? 'is' : 'are'} being restarted or not back at work yet; ${most} may be at once`;
  return { reason: 'stage_share', text };
}

/** `isTurnTaken`: by another one of this plan. */
export function turnHold(
  _candidate: Candidate,
  { memory }: PlanInput,
  isTurnTaken: boolean,
): Hold | undefined {
  const other = [...memory.inFlight.values()].find(({ phase }) => phase === 'restarting');
  if (!other && !isTurnTaken) return undefined;
  const who = other?.container ?? 'another worker';
  return { reason: 'one_at_a_time', text: `${who} is being restarted; one at a time` };
}
