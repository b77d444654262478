/** Tells once of each reason why a worker is not restarted, and keeps one that was given up from being tried again at once. */

import type { Journal } from '../journal/journal.js';
import { HOLD_REASONS, type Hold, type HoldReason, type WorkerPlan } from './decision.js';
import type { RecoveryRecord } from './record.js';

export interface Holds {
  /** Tells of what is new in the plans of a look. */
  note(plans: readonly WorkerPlan[]): void;
  /** It was planned, and given up at the last look. */
  abort(plan: WorkerPlan, hold: Hold, nowMs: number): void;
  /** A person asked, and was refused. */
  refuse(plan: WorkerPlan, by: string): void;
  /** By identity: what was given up, and until when it is not tried again. */
  aborted(nowMs: number): ReadonlyMap<string, Hold>;
}

export interface HoldsOptions {
  readonly record: Pick<RecoveryRecord, 'held'>;
  readonly journal: Pick<Journal, 'append'>;
}

const RETRY_AFTER_MS = 30_000;
/** Passing states of an ordinary run, which would fill the journal; metrics count them. */
const QUIET: ReadonlySet<HoldReason> = new Set<HoldReason>(['in_flight', 'one_at_a_time', 'dry_run_done']);

export function createHolds({ record, journal }: HoldsOptions): Holds {
  /** Reason last told, by identity. */
  const told = new Map<string, HoldReason>();
  const given = new Map<string, Hold & { readonly untilMs: number }>();

  function tell({ identity, name, stage, cost }: WorkerPlan, { reason, text }: Hold, by?: string): void {
    told.set(identity, reason);
    record.held(stage, reason);
    if (QUIET.has(reason) && by === undefined) return;
    const decision = HOLD_REASONS[reason];
    journal.append({
      type: 'restart_refused',
      container: name,
      stage,
      decision,
      reason,
      text,
      cost: cost?.text,
      by,
    });
  }

  return {
    note(plans) {
      const named = new Set(plans.map(({ identity }) => identity));
      for (const identity of told.keys()) if (!named.has(identity)) told.delete(identity);
      for (const plan of plans) {
        const { identity, decision, reason, text } = plan;
        if (decision === 'restart') told.delete(identity);
        else if (isHold(reason) && told.get(identity) !== reason) tell(plan, { reason, text });
      }
    },
    abort(plan, hold, nowMs) {
      const { reason, text } = hold;
      given.set(plan.identity, { reason, text, untilMs: nowMs + RETRY_AFTER_MS });
      tell(plan, hold);
    },
    refuse(plan, by) {
      const { reason, text } = plan;
      if (isHold(reason)) tell(plan, { reason, text }, by);
    },
    aborted(nowMs) {
      for (const [identity, { untilMs }] of given) if (untilMs <= nowMs) given.delete(identity);
      return given;
    },
  };
}

function isHold(reason: WorkerPlan['reason']): reason is HoldReason {
  return Object.hasOwn(HOLD_REASONS, reason);
}
