/** Decides, just before the engine is asked, whether what a plan rested on still holds: configuration, findings, all others. */

import type { Order } from './actor.js';
import type { Candidate, Hold } from './decision.js';
import { causeHold, fleetHold, memoryHold } from './fleet-rules.js';
import type { PlanInput } from './plan-input.js';
import { configuredHold, elsewhereHold, factHold, labelHold } from './worker-rules.js';

/** Undefined: it does. The restart itself is in the memory of `input` already, so its own past is not asked again. */
export function permitHold({ plan, isForced }: Order, input: PlanInput): Hold | undefined {
  if (isForced) return memoryHold(input);
  const { finding } = plan;
  if (finding && !input.verdicts.findings.has(finding.id)) {
    return { reason: 'progress_resumed', text: 'it is not found stuck any more' };
  }
  const candidate: Candidate = { ...plan, container: input.fleet.containers.get(plan.identity) };
  const isByHand = plan.why === 'asked_for';
  return (
    (isByHand ? labelHold(candidate) : (configuredHold(candidate, input) ?? dryRunHold(input))) ??
    fleetHold(input) ??
    causeHold(candidate, input) ??
    factHold({ ...candidate, why: finding ? 'stuck' : plan.why }, input) ??
    elsewhereHold(candidate, input)
  );
}

function dryRunHold({ settings }: PlanInput): Hold | undefined {
  if (!settings.recovery.dry_run) return undefined;
  return { reason: 'disabled', text: 'recovery.dry_run was turned on meanwhile' };
}
