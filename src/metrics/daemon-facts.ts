/** What /metrics shows beside the fleet: what the daemon made of it. */

import type { FindingKind } from '../detectors/finding.js';
import type { Verdicts } from '../detectors/verdicts.js';
import type { Histogram } from '../lib/histogram.js';

export interface DaemonFacts {
  readonly verdicts: Verdicts;
  /** How often each kind was opened since the daemon's start; one object, replaced on change. */
  readonly findingsOpened: Readonly<Record<FindingKind, number>>;
  /** How long evaluations took, in seconds, and when the last one ended; replaced by each. */
  readonly evaluations: EvaluationStats;
  /** One object, replaced on change. */
  readonly journal: JournalStats;
  /** By stage. */
  readonly recovery: ReadonlyMap<string, StageRecoveryStats>;
  readonly failureSentinels: FailureSentinelStats;
  readonly notifications: NotificationStats;
}

/** One object, replaced on change; every result and reason there is has its count, from 0. */
/** Attempts to deliver since the daemon's start, by channel; one object, replaced on change. */
export type NotificationStats = Readonly<Record<string, { readonly sent: number; readonly failed: number }>>;

/** Of those that stagewatch writes itself: since the daemon's start, by stage; each replaced on change. */
export interface FailureSentinelStats {
  readonly written: ReadonlyMap<string, number>;
  readonly withdrawn: ReadonlyMap<string, number>;
  /** By reason. */
  readonly notWritten: ReadonlyMap<string, Readonly<Record<string, number>>>;
  /** Every reason there is, with 0. */
  readonly noneNotWritten: Readonly<Record<string, number>>;
}

export interface StageRecoveryStats {
  readonly stage: string;
  readonly results: Readonly<Record<string, number>>;
  readonly refused: Readonly<Record<string, number>>;
  readonly budgetRemaining: number;
}

export interface JournalStats {
  /** Entries that were lost for want of room or a disk. */
  readonly dropped: number;
  readonly isWritable: boolean;
}

export interface EvaluationStats {
  readonly durations: Histogram;
  /** 0: there was none yet. */
  readonly lastAtMs: number;
}
