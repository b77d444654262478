/** What the status of a worker is decided from, and what is decided. */

import type { Container, SourceName } from '../fleet/model.js';
import type { ContainerProcesses } from '../fleet/process-model.js';
import type { Worker } from '../fleet/progress-model.js';
import type { Activity } from './activity.js';
import type { StageLimits, StuckBy, WorkerStatus } from './verdicts.js';

export interface WorkerFacts {
  readonly worker: Worker;
  /** Undefined: known from its progress only. */
  readonly container: Container | undefined;
  readonly nowMs: number;
  readonly limits: StageLimits;
  /** How long after its start it may be starting. */
  readonly startGraceMs: number;
  /** A stale source that the status would rest on, with its trouble in words. */
  readonly stale: { readonly source: SourceName; readonly problem: string } | undefined;
  /** Something tells of progress: a folder, or messages. */
  readonly isProgressWatched: boolean;
  /** When the worker's progress was last looked at. */
  readonly lookedAtMs: number;
  /** When its container was first seen to run again after it was paused or down; absent: it was not. */
  readonly upAgainAtMs?: number | undefined;
  /** It had a job in this life of its container. */
  readonly hasWorked: boolean;
  /** What its processes were last seen to be at; absent: not asked lately. */
  readonly processes?: ContainerProcesses | undefined;
  /** Called only where it matters: it costs more than the rest. `neededMs`: for how long nothing must have moved. */
  readonly activity: (neededMs: number, worker: Worker) => Activity;
}

export interface WorkerJudgement {
  readonly status: WorkerStatus;
  readonly reason: string;
  readonly evidence: readonly string[];
  readonly stuckBy?: StuckBy;
  readonly silentMs?: number;
  readonly isSuspect?: true;
  readonly stillSinceMs?: number;
  readonly isUncertain?: true;
}
