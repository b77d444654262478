/** What recovery can decide about a worker, and the closed set of reasons it gives. */

import type { Config } from '../config/schema.js';
import type { Finding } from '../detectors/finding.js';
import type { Container } from '../fleet/model.js';
import type { FailedAttempts } from './memory.js';

/** The part of the configuration that recovery reads. */
export type RecoverySettings = Pick<Config, 'recovery' | 'stages' | 'detection'>;

/** `wait`: it is considered again by itself; `notify`: people are told; `refuse`: not while this holds. */
export type Decision = 'restart' | 'wait' | 'notify' | 'refuse';

/** Why nothing is restarted; a metric's label. */
export const HOLD_REASONS = {
  /** Known from its progress only: there is nothing to restart. */
  no_container: 'notify',
  /** Another program starts it again when it ends, and would fight with a restart by the engine. */
  supervised: 'notify',
  disabled: 'notify',
  label: 'refuse',
  stage_notify: 'notify',
  /** Only the clock speaks against it: it uses CPU, GPU or queue. */
  busy: 'notify',
  /** SIGKILL was sent to it, and its process goes on: no restart can end it. */
  cannot_end: 'notify',
  /** By hand: nothing is wrong with it. */
  not_stuck: 'refuse',
  /** What was done could not outlive the daemon: it might be done twice. */
  cannot_remember: 'refuse',
  source_stale: 'refuse',
  common_cause: 'refuse',
  /** Its stage hangs as a whole, and one worker of it is restarted first. */
  probe_under_way: 'wait',
  infrastructure_down: 'refuse',
  unconfirmed: 'wait',
  in_flight: 'wait',
  gpu_error: 'notify',
  poison_document: 'notify',
  cost: 'notify',
  container_budget: 'refuse',
  changed_elsewhere: 'wait',
  start_grace: 'wait',
  backoff: 'wait',
  dry_run_done: 'wait',
  fleet_budget: 'wait',
  stage_share: 'wait',
  one_at_a_time: 'wait',
  /** The last look before the call found it otherwise than planned. */
  progress_resumed: 'wait',
  /** Its container went, ended, or was replaced between plan and act. */
  container_changed: 'wait',
  /** Its last log lines or other evidence could not be read or kept. */
  no_evidence: 'wait',
  engine_unreachable: 'wait',
  /** The daemon ends. */
  stopping: 'wait',
  /** A fault of stagewatch itself: the text is for its makers. */
  internal_error: 'wait',
} as const satisfies Readonly<Record<string, Exclude<Decision, 'restart'>>>;

export type HoldReason = keyof typeof HOLD_REASONS;
export const ALL_HOLD_REASONS = Object.keys(HOLD_REASONS) as readonly HoldReason[];
/** `left_down`: a restart of ours stopped it and did not start it again; `probe`: its stage hangs as a whole. */
export type RestartReason = 'stuck' | 'left_down' | 'asked_for' | 'probe';

export interface Hold {
  readonly reason: HoldReason;
  /** A sentence for people, without the container's name. */
  readonly text: string;
  /** When it may be over, where that is known. */
  readonly untilMs?: number;
}

/** What a restart throws away. */
export interface Cost {
  readonly document?: string;
  /** Since the job began. */
  readonly runningMs: number;
  /** Up to its last progress: what must be done again. */
  readonly lostMs: number;
  /** 0 to 1, where the job counts its units. */
  readonly share?: number;
  readonly text: string;
}

/** A worker that recovery looks at. */
export interface Candidate {
  readonly identity: string;
  readonly container: Container | undefined;
  /** Name of the container, as in the label `container`. */
  readonly name: string;
  readonly stage?: string;
  readonly why: RestartReason;
  /** Absent for one that a person asks for, and for one that was left down. */
  readonly finding?: Finding;
  readonly sinceMs: number;
  readonly cost?: Cost;
}

export interface WorkerPlan extends Candidate {
  readonly decision: Decision;
  readonly reason: HoldReason | RestartReason;
  readonly text: string;
  readonly nextAllowedAtMs?: number;
  readonly restartsInWindow: number;
  readonly budget: number;
  /** Attempts that failed, one after the other. */
  readonly failed?: FailedAttempts;
}
