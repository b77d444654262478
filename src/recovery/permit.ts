/** Decides, just before the engine is asked, whether what a plan rested on still holds: configuration, findings, all others. */

import type { Order } from './actor.js';
import { firstHold, type Moment } from './all-holds.js';
import type { Hold } from './decision.js';
import type { PlanInput } from './plan-input.js';

/** Undefined: it does. */
export function permitHold(order: Order, input: PlanInput): Hold | undefined {
  const { plan } = order;
  const candidate = { ...plan, container: input.fleet.containers.get(plan.identity) };
  return firstHold(momentOf(order), candidate, input);
}

function momentOf({ plan, isForced }: Order): Moment {
  if (isForced) return 'recheck_forced';
  return plan.why === 'asked_for' ? 'recheck_by_hand' : 'recheck';
}
