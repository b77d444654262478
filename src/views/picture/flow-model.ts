/** What the flow of the stages shows: a card a stage, a row a branch. Durations are milliseconds; null: not known. */

import type { SeverityName, StatusName } from './vocabulary.js';

export interface StageCard {
  readonly id: string;
  readonly name: string | null;
  /** `G3_02 Witnesses`. */
  readonly label: string;
  readonly branch: string | null;
  /** Known from who consumes which queue, not from the configuration. */
  readonly isDiscovered: boolean;
  readonly workers: number;
  /** Only what there is, worst first. */
  readonly workersByStatus: readonly StatusCount[];
  readonly orchestratorsByStatus: readonly StatusCount[];
  /** Null: no queue of the stage is known. */
  readonly queue: StageQueue | null;
  readonly jobsPerHour: number | null;
  readonly p95JobMs: number | null;
  readonly meanJobMs: number | null;
  readonly completed: number | null;
  readonly failed: number | null;
  readonly limit: StallLimit | null;
  /** Worst severity of what is wrong with it or its workers. */
  readonly trouble: SeverityName | null;
  /** The stage before it in its row hands its documents on to it: it comes next in the DAG, too. */
  readonly isJoined: boolean;
  /** The stage that the others wait for: why we say so, as a sentence. */
  readonly bottleneck: string | null;
}

export interface StatusCount {
  readonly status: StatusName;
  readonly count: number;
}

export interface StageQueue {
  readonly name: string;
  /** present, missing, … in the daemon's words. */
  readonly status: string | null;
  readonly ready: number | null;
  readonly unacked: number | null;
  readonly consumers: number | null;
  /** Change of the waiting messages a minute; null until it is known. */
  readonly perMinute: number | null;
  readonly inPerMinute: number | null;
  readonly outPerMinute: number | null;
  readonly drainMs: number | null;
  /** QueueGrowing says so now: the one judgement of whether it drains. */
  readonly isGrowing: boolean;
  /** Waiting messages of the last hour, oldest first; empty without history. */
  readonly readyHistory: readonly (number | null)[];
}

/** The time without progress beyond which a worker is stuck. */
export interface StallLimit {
  readonly stallMs: number;
  /** set, learned, default. */
  readonly origin: string;
}

export interface FlowRow {
  readonly branch: string | null;
  readonly stages: readonly StageCard[];
}

export interface Flow {
  /** In the order in which branches first appear in the DAG. */
  readonly rows: readonly FlowRow[];
  /** All stages in DAG order. */
  readonly stages: readonly StageCard[];
  readonly bottleneck: StageCard | null;
}
