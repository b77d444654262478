/** What recovery decided, does and did, for /api/v1/recovery; times are ISO 8601, absent facts are null. */

import type { Cost, WorkerPlan } from '../recovery/decision.js';
import { fleetRemaining, type InFlight } from '../recovery/memory.js';
import type { DoneRestart } from '../recovery/record.js';
import type { HandAnswer, RecoveryPicture } from '../recovery/recovery.js';
import { toIso } from './iso-time.js';

export function renderRecovery({ settings, memory, plans, recent, stages }: RecoveryPicture, nowMs: number) {
  const { enabled, dry_run, fleet_budget, fleet_window } = settings.recovery;
  return {
    enabled,
    dryRun: dry_run,
    fleetBudget: {
      remaining: fleetRemaining(memory, settings.recovery, nowMs),
      max: fleet_budget,
      windowMs: fleet_window,
    },
    inFlight: [...memory.inFlight.values()].map(renderInFlight),
    workers: plans.map(renderPlan),
    recent: recent.map(renderDone),
    stages: [...stages.values()]
      .filter(({ stage }) => stage !== '')
      .map(({ stage, budgetRemaining }) => ({ stage, budgetRemaining })),
  };
}

function renderInFlight({ container, stage, askedAtMs, by, phase, why, evidence }: InFlight) {
  return {
    container,
    stage: stage ?? null,
    startedAt: toIso(askedAtMs),
    by,
    phase,
    why,
    evidence: evidence ?? null,
  };
}

function renderPlan(plan: WorkerPlan) {
  const { name, stage, decision, reason, text, restartsInWindow, budget, nextAllowedAtMs, cost, failed } =
    plan;
  return {
    container: name,
    stage: stage ?? null,
    decision,
    reason,
    text,
    restartsInWindow,
    budget,
    failedAttempts: failed?.count ?? 0,
    lastFailure: failed?.text ?? null,
    nextAllowedAt: toIso(nextAllowedAtMs),
    cost: renderCost(cost),
  };
}

function renderCost(cost: Cost | undefined) {
  if (!cost) return null;
  const { document, runningMs, lostMs, share, text } = cost;
  return { document: document ?? null, runningMs, lostMs, share: share ?? null, text };
}

function renderDone({
  incident,
  atMs,
  container,
  stage,
  result,
  by,
  why,
  text,
  evidence,
  tookMs,
}: DoneRestart) {
  return {
    incident,
    at: toIso(atMs),
    container,
    stage: stage ?? null,
    result,
    dryRun: result === 'dry_run',
    by,
    why,
    text,
    evidence: evidence ?? null,
    tookMs,
  };
}

export function renderHandAnswer({ plan, result, text, evidence }: HandAnswer) {
  return {
    container: plan.name,
    decision: result === 'aborted' ? 'refuse' : plan.decision,
    reason: plan.reason,
    text,
    result: result ?? null,
    evidence: evidence ?? null,
    cost: renderCost(plan.cost),
  };
}
