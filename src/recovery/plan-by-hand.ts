/** Decides whether a restart that a person asks for is done: by the same rules, of which `force` lifts all but the hardest. */

import type { Verdicts } from '../detectors/verdicts.js';
import type { Fleet } from '../fleet/model.js';
import { candidateOf } from './candidates.js';
import type { Candidate, Hold, WorkerPlan } from './decision.js';
import { causeHold, fleetHold, memoryHold } from './fleet-rules.js';
import { crowdHold, planned } from './plan.js';
import type { PlanInput } from './plan-input.js';
import { flightHold, labelHold, momentaryHold, supervisorHold, workerHold } from './worker-rules.js';

/** Undefined: there is no container of the name, or it is no worker. */
export function planByHand(input: PlanInput, name: string, isForced: boolean): WorkerPlan | undefined {
  const identity = findIdentity(input.fleet, name);
  if (identity === undefined) return undefined;
  const finding = input.verdicts.findings.get(`WorkerStuck:${identity}`);
  const base = candidateOf(identity, input, { why: 'asked_for', ...(finding && { finding }) });
  // Whether this is a dry run, the person says.
  const { recovery } = input.settings;
  const asked = { ...input, settings: { ...input.settings, recovery: { ...recovery, dry_run: false } } };
  return planned(base, asked, isForced ? hardHold(base, asked) : anyHold(base, asked));
}

/** By name of the container, `service-number`, or the beginning of its id. */
function findIdentity({ containers }: Fleet, name: string): string | undefined {
  const workers = [...containers.values()].filter(({ role }) => role === 'worker');
  const exact = workers.find((one) => one.name === name || one.identity === name);
  if (exact) return exact.identity;
  const byId = /^[0-9a-f]{6,64}$/.test(name) ? workers.filter(({ id }) => id.startsWith(name)) : [];
  return byId.length === 1 ? byId[0]?.identity : undefined;
}

function hardHold(candidate: Candidate, input: PlanInput): Hold | undefined {
  return memoryHold(input) ?? supervisorHold(candidate) ?? flightHold(candidate, input) ?? turnHold(input);
}

function turnHold({ memory }: PlanInput): Hold | undefined {
  const other = [...memory.inFlight.values()].find(({ phase }) => phase === 'restarting');
  if (!other) return undefined;
  return { reason: 'one_at_a_time', text: `${other.container} is being restarted; ask again in a moment` };
}

function anyHold(candidate: Candidate, input: PlanInput): Hold | undefined {
  // What is stuck is judged as the plan would judge it by itself.
  const asPlanned: Candidate = { ...candidate, why: candidate.finding ? 'stuck' : 'asked_for' };
  return (
    supervisorHold(candidate) ??
    labelHold(candidate) ??
    notStuckHold(candidate, input.verdicts) ??
    fleetHold(input) ??
    causeHold(candidate, input) ??
    workerHold(asPlanned, input) ??
    momentaryHold(asPlanned, input) ??
    crowdHold(candidate, input, turnHold(input) !== undefined)
  );
}

/** A person may restart what has lost its connection, or fails its health check, though a program does not. */
function notStuckHold(
  { identity, finding, container }: Candidate,
  { workers, findings }: Verdicts,
): Hold | undefined {
  if (finding || (container && container.state !== 'running')) return undefined;
  const verdict = workers.get(identity);
  if (verdict?.status === 'starved' || findings.has(`WorkerStarved:${identity}`)) return undefined;
  if (container?.health === 'unhealthy') return undefined;
  const how = verdict ? `${verdict.status} (${verdict.reason})` : 'not judged yet';
  return { reason: 'not_stuck', text: `it is not stuck: ${how}` };
}
