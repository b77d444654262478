/** Decides whether a restart that a person asks for is done: by the same rules, of which `force` lifts all but the hardest. */

import type { Fleet } from '../fleet/model.js';
import { firstHold } from './all-holds.js';
import { candidateOf } from './candidates.js';
import type { WorkerPlan } from './decision.js';
import { planned } from './plan.js';
import type { PlanInput } from './plan-input.js';

/** Undefined: there is no container of the name, or it is no worker. */
export function planByHand(input: PlanInput, name: string, isForced: boolean): WorkerPlan | undefined {
  const identity = findIdentity(input.fleet, name);
  if (identity === undefined) return undefined;
  const finding = input.verdicts.findings.get(`WorkerStuck:${identity}`);
  const base = candidateOf(identity, input, { why: 'asked_for', ...(finding && { finding }) });
  // Whether this is a dry run, the person says.
  const { recovery } = input.settings;
  const asked = { ...input, settings: { ...input.settings, recovery: { ...recovery, dry_run: false } } };
  return planned(base, asked, firstHold(isForced ? 'forced' : 'by_hand', base, asked));
}

/** By name of the container, `service-number`, or the beginning of its id. */
function findIdentity({ containers }: Fleet, name: string): string | undefined {
  const workers = [...containers.values()].filter(({ role }) => role === 'worker');
  const exact = workers.find((one) => one.name === name || one.identity === name);
  if (exact) return exact.identity;
  const byId = /^[0-9a-f]{6,64}$/.test(name) ? workers.filter(({ id }) => id.startsWith(name)) : [];
  return byId.length === 1 ? byId[0]?.identity : undefined;
}
