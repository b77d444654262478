/**
 * RestartsExhausted: a worker is stuck again and its budget of restarts is used up, or workers wait because the fleet's is.
 * Until the window is empty, or a person acts, nothing more is restarted there.
 */

import type { Detection } from '../detectors/finding.js';
import type { KindJudgement } from '../detectors/finding-book.js';
import { counted, times } from '../lib/counted.js';
import { formatDuration } from '../lib/duration.js';
import type { RecoverySettings, WorkerPlan } from './decision.js';
import type { RecoveryMemory } from './memory.js';

/** The plan is made anew at each look: a worker that is looked at again a moment later opens no second finding. */
const CLEAR_AFTER_MS = 10_000;
const FLEET_KEY = 'fleet';

export interface ExhaustionFacts {
  readonly plans: readonly WorkerPlan[];
  readonly memory: RecoveryMemory;
  readonly settings: RecoverySettings;
  readonly nowMs: number;
}

export function judgeExhaustion(facts: ExhaustionFacts): KindJudgement {
  const { plans, memory } = facts;
  const spent = plans.filter(({ reason }) => reason === 'container_budget');
  const waiting = plans.filter(({ reason }) => reason === 'fleet_budget');
  return {
    kind: 'RestartsExhausted',
    steadiness: { openAfterMs: 0, clearAfterMs: CLEAR_AFTER_MS },
    found: [
      ...spent.map((plan) => describeSpent(plan, facts)),
      ...(waiting.length > 0 ? [describeFleet(waiting, facts)] : []),
    ],
    // Something else is in the way just now, and the budget is used up all the same.
    unsure: plans.flatMap(({ identity, reason }) =>
      reason !== 'container_budget' && memory.containers.get(identity)?.exhaustedAtMs !== undefined
        ? identity
        : [],
    ),
  };
}

function describeSpent(plan: WorkerPlan, { settings, nowMs }: ExhaustionFacts): Detection {
  const { identity, name, stage, restartsInWindow, nextAllowedAtMs, finding, failed } = plan;
  const window = formatDuration(settings.recovery.container_window);
  const again =
    nextAllowedAtMs === undefined
      ? []
      : [`by itself it is tried again in ${formatDuration(Math.max(0, nextAllowedAtMs - nowMs))}`];
  return {
    kind: 'RestartsExhausted',
    key: identity,
    subject: { container: name, identity, ...(stage !== undefined && { stage }) },
    summary: failed
      ? `restart failed ${times(failed.count)}, and no more is tried within ${window}`
      : `restarted ${times(restartsInWindow)} in ${window}, and stuck again`,
    evidence: [
      plan.text,
      ...(finding ? [`now: ${finding.summary}`] : []),
      ...again,
      `a person can act before that: stagewatch restart ${name} --force`,
    ],
    clearsWhen: 'It is at work again, its restarts have left the window, or a person acts on it.',
    beganAtMs: finding?.beganAtMs ?? nowMs,
  };
}

function describeFleet(waiting: readonly WorkerPlan[], { settings, nowMs }: ExhaustionFacts): Detection {
  const { fleet_budget, fleet_window } = settings.recovery;
  const names = waiting.map(({ name }) => name);
  return {
    kind: 'RestartsExhausted',
    key: FLEET_KEY,
    subject: {},
    summary: `the budget of ${counted(fleet_budget, 'restart')} in ${formatDuration(fleet_window)} is used up, and ${counted(names.length, 'worker')} ${names.length === 1 ? 'waits' : 'wait'}`,
    evidence: [`waiting: ${names.slice(0, 8).join(', ')}${names.length > 8 ? ' and more' : ''}`],
    clearsWhen: 'The oldest restart leaves the window, or nobody waits for one.',
    beganAtMs: Math.min(...waiting.map(({ finding }) => finding?.beganAtMs ?? nowMs)),
  };
}
