/** What is judged at one moment: the status of every worker and orchestrator, the limits in force, the open findings. */

import type { Job, Orchestrator } from '../fleet/progress-model.js';
import type { Finding } from './finding.js';

export const WORKER_STATUSES = [
  'starting',
  'active',
  'idle',
  'slow',
  'stuck',
  'starved',
  'down',
  'unknown',
] as const;
export type WorkerStatus = (typeof WORKER_STATUSES)[number];

/** Why a worker is stuck: nothing moves; busy without progress; over the time any job may take. */
export type StuckBy = 'silence' | 'livelock' | 'max_job';

/** What its metrics say of a worker; the same object as long as nothing of it changes. */
export interface WorkerStanding {
  readonly container: string;
  readonly stage?: string;
  readonly status: WorkerStatus;
}

export interface WorkerVerdict {
  readonly standing: WorkerStanding;
  readonly status: WorkerStatus;
  /** Why, as a phrase: `no progress for 7m12s at page 12 of 40, and nothing else moves`. */
  readonly reason: string;
  /** Since when it has this status; time in which it could not be judged is left out. */
  readonly sinceMs: number;
  /** Of one that is unknown: what it was before, and since when. */
  readonly known?: { readonly status: WorkerStatus; readonly sinceMs: number };
  /** Sentences with numbers; empty while nothing is wrong. */
  readonly evidence: readonly string[];
  /** The job in hand that the verdict is about: what a view shows beside the reason. Absent: it has none. */
  readonly job?: Job;
  readonly stuckBy?: StuckBy;
  /**
   * Time without progress, as of the last look at its file; absent without a job.
   * It is not counted on while nobody looks.
   */
  readonly silentMs?: number;
  /** It has a job, and neither its progress nor anything else has moved for a while: it may be about to be stuck. */
  readonly isSuspect?: true;
  /** Of one that is stuck or suspect: since when it has used no CPU time. */
  readonly stillSinceMs?: number;
  /** It is past its limit, and nobody knows whether anything moves: what was found of it before stays. */
  readonly isUncertain?: true;
}

export const ORCHESTRATOR_STATUSES = ['active', 'waiting', 'done', 'stuck', 'down', 'unknown'] as const;
export type OrchestratorStatus = (typeof ORCHESTRATOR_STATUSES)[number];

export interface OrchestratorStanding {
  readonly container: string;
  readonly status: OrchestratorStatus;
}

/** A stage that holds an orchestrator up, and who serves it. */
export interface HoldUp {
  readonly stage: string;
  readonly workers: readonly {
    readonly container: string;
    readonly id?: string;
    readonly status: WorkerStatus;
  }[];
}

export interface OrchestratorVerdict {
  readonly standing: OrchestratorStanding;
  readonly status: OrchestratorStatus;
  readonly reason: string;
  /** Since when it has been at this: of one that waits or is stuck, since this wait began. */
  readonly sinceMs: number;
  readonly evidence: readonly string[];
  /** As it was when it was judged: what a view shows beside the reason. */
  readonly judged: Orchestrator;
  readonly stage?: string;
  /** Its place in the DAG, one mark a stage: `●●●●◉○○○○○`; empty without configured stages. */
  readonly dots: string;
  /** While it waits or is stuck at a stage. */
  readonly holdUp?: HoldUp;
}

/** `set` by the user for the stage; `learned` from its pace; else the `default` for all stages. */
export type LimitOrigin = 'set' | 'learned' | 'default';

/** The limits of one stage that are in force now; the same object as long as nothing of it changes. */
export interface StageLimits {
  readonly stage: string;
  /** Without progress for longer, and nothing else moves: stuck. */
  readonly stallMs: number;
  readonly origin: LimitOrigin;
  /** What follows from the stage's pace, in force or not; absent where too little is known of it, or it is set. */
  readonly learnedMs?: number;
  /** Without progress for longer although busy: stuck. */
  readonly livelockMs: number;
  /** A job that takes longer is stuck, whatever moves; absent: no job is too long. */
  readonly maxJobMs?: number;
  /** A job that takes longer is slow; absent until enough jobs were seen. */
  readonly slowJobMs?: number;
  /** How many gaps between progress steps, and how many jobs, the learned limits rest on. */
  readonly gapSamples: number;
  readonly jobSamples: number;
  /** In how many jobs since no step went beyond the learned limit: what proves it. */
  readonly jobsWithin: number;
}

/** How many workers (or orchestrators) of a stage have each status; replaced on change. */
export interface StageStatusCounts<S extends string> {
  readonly stage: string;
  readonly counts: Readonly<Record<S, number>>;
}

export interface Verdicts {
  /** When they were reached; 0: not yet. */
  readonly atMs: number;
  /** By key of the worker in the fleet, or identity of its container. */
  readonly workers: ReadonlyMap<string, WorkerVerdict>;
  readonly orchestrators: ReadonlyMap<string, OrchestratorVerdict>;
  /** By stage. */
  readonly limits: ReadonlyMap<string, StageLimits>;
  readonly stageWorkers: ReadonlyMap<string, StageStatusCounts<WorkerStatus>>;
  readonly stageOrchestrators: ReadonlyMap<string, StageStatusCounts<OrchestratorStatus>>;
  /** Open ones, by id. */
  readonly findings: ReadonlyMap<string, Finding>;
}
