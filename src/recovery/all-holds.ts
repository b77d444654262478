/** Everything that holds a restart back, in the order in which it is asked: the first that answers is the reason. */

import { fleetBudgetHold, stageShareHold, turnHold } from './crowd-rules.js';
import type { Candidate, Hold, HoldReason } from './decision.js';
import { causeHold, memoryHold, staleHold } from './fleet-rules.js';
import type { PlanInput } from './plan-input.js';
import {
  backoffHold,
  budgetHold,
  containerHold,
  costHold,
  disabledHold,
  dryRunDoneHold,
  dryRunHold,
  elsewhereHold,
  flightHold,
  foundHold,
  gpuHold,
  graceHold,
  killHold,
  labelHold,
  notStuckHold,
  poisonHold,
  stageHold,
  stillnessHold,
  supervisorHold,
} from './worker-rules.js';

/**
 * When it is asked: as recovery plans by itself, as a person asks, or as one forces it; and each again just before the call,
 * when the restart is in the memory already, so that its own past speaks no more.
 */
export type Moment = 'plan' | 'by_hand' | 'forced' | 'recheck' | 'recheck_by_hand' | 'recheck_forced';

export interface HoldRule {
  readonly reasons: readonly HoldReason[];
  readonly asked: readonly Moment[];
  /** `isTurnTaken`: another one is being restarted, or is to be. */
  of(candidate: Candidate, input: PlanInput, isTurnTaken: boolean): Hold | undefined;
}

const UNASKED = ['plan', 'recheck'] as const;
const BEFORE = ['plan', 'by_hand'] as const;
const RECHECK = ['recheck', 'recheck_by_hand'] as const;
const UNFORCED = [...BEFORE, ...RECHECK] as const;

export const ALL_HOLDS: readonly HoldRule[] = [
  { reasons: ['progress_resumed'], asked: RECHECK, of: foundHold },
  { reasons: ['no_container'], asked: UNASKED, of: containerHold },
  { reasons: ['supervised'], asked: [...UNFORCED, 'forced'], of: supervisorHold },
  { reasons: ['disabled'], asked: UNASKED, of: disabledHold },
  { reasons: ['label'], asked: UNFORCED, of: labelHold },
  { reasons: ['stage_notify'], asked: UNASKED, of: stageHold },
  { reasons: ['disabled'], asked: ['recheck'], of: dryRunHold },
  { reasons: ['not_stuck'], asked: ['by_hand'], of: notStuckHold },
  { reasons: ['cannot_remember'], asked: [...UNFORCED, 'forced', 'recheck_forced'], of: memoryHold },
  { reasons: ['unconfirmed'], asked: UNFORCED, of: (_candidate, { unsure }) => unsure },
  { reasons: ['source_stale'], asked: UNFORCED, of: staleHold },
  {
    reasons: ['common_cause', 'probe_under_way', 'infrastructure_down'],
    asked: UNFORCED,
    of: causeHold,
  },
  { reasons: ['in_flight'], asked: [...BEFORE, 'forced'], of: flightHold },
  { reasons: ['cannot_end'], asked: UNFORCED, of: killHold },
  { reasons: ['unconfirmed', 'busy'], asked: UNFORCED, of: stillnessHold },
  { reasons: ['gpu_error'], asked: UNFORCED, of: gpuHold },
  { reasons: ['poison_document'], asked: UNFORCED, of: poisonHold },
  { reasons: ['cost'], asked: UNFORCED, of: costHold },
  { reasons: ['container_budget'], asked: BEFORE, of: budgetHold },
  { reasons: ['changed_elsewhere'], asked: UNFORCED, of: elsewhereHold },
  { reasons: ['start_grace'], asked: BEFORE, of: graceHold },
  { reasons: ['backoff'], asked: BEFORE, of: backoffHold },
  { reasons: ['dry_run_done'], asked: ['plan'], of: dryRunDoneHold },
  // What the looks before the call found, and gave up for.
  { reasons: [], asked: ['plan'], of: ({ identity }, { aborted }) => aborted?.get(identity) },
  { reasons: ['fleet_budget'], asked: BEFORE, of: fleetBudgetHold },
  { reasons: ['stage_share'], asked: BEFORE, of: stageShareHold },
  { reasons: ['one_at_a_time'], asked: [...BEFORE, 'forced'], of: turnHold },
];

const BY_MOMENT = new Map<Moment, readonly HoldRule[]>();

/** Undefined: nothing speaks against it. */
export function firstHold(
  moment: Moment,
  candidate: Candidate,
  input: PlanInput,
  isTurnTaken = false,
): Hold | undefined {
  const rules = BY_MOMENT.get(moment) ?? ALL_HOLDS.filter(({ asked }) => asked.includes(moment));
  BY_MOMENT.set(moment, rules);
  // What is found stuck is judged as such, whoever asks.
  const judged: Candidate = candidate.finding ? { ...candidate, why: 'stuck' } : candidate;
  for (const rule of rules) {
    const hold = rule.of(judged, input, isTurnTaken);
    if (hold) return hold;
  }
  return undefined;
}
