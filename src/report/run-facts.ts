/** What is known of one run: numbers and events of a range of time, whoever told them. Null: nobody told. */

export interface TimeRange {
  readonly fromMs: number;
  readonly toMs: number;
}

export interface RunFacts {
  readonly range: TimeRange;
  /** What the facts rest on, and what is missing from them, as sentences. */
  readonly sources: readonly string[];
  readonly notes: readonly string[];
  readonly documentsDone: number | null;
  readonly documentsFailed: number | null;
  /** Documents that came through the last stage, an hour, over time. */
  readonly throughput: readonly SeriesPoint[];
  /** In DAG order where it is known. */
  readonly stages: readonly StageFacts[];
  /** Longest first. */
  readonly stuck: readonly StuckFacts[];
  readonly restarts: readonly RestartFacts[];
  /** By cause, those that no entry tells of too. */
  readonly restartCounts: RestartCounts | null;
  readonly failures: readonly FailureGroup[];
  /** Oldest first. */
  readonly alerts: readonly AlertFacts[];
  readonly gpus: readonly GpuFacts[];
}

export interface SeriesPoint {
  readonly atMs: number;
  readonly value: number | null;
}

export interface RestartCounts {
  readonly policy: number;
  readonly stagewatch: number;
  readonly other: number;
}

export interface StageFacts {
  readonly id: string;
  readonly name: string | null;
  readonly branch: string | null;
  readonly completed: number;
  readonly failed: number;
  readonly p50Seconds: number | null;
  readonly p95Seconds: number | null;
  /** How long a message waited on average before a worker took it. */
  readonly queueWaitSeconds: number | null;
  /** Share of the range in which what waited here took longest to be worked off. */
  readonly bottleneckShare: number | null;
  readonly stuckSeconds: number;
  /** The most GPU memory that its containers held at one time, on all GPUs together; null: nothing told. */
  readonly gpuPeakBytes: number | null;
  /** GPUs, as shares of their memory, that its workers held without a job, times hours; null: nothing told. */
  readonly gpuIdleHours: number | null;
  readonly waiting: readonly SeriesPoint[];
}

export interface StuckFacts {
  readonly container: string;
  readonly stage: string | null;
  readonly seconds: number;
}

export interface RestartFacts {
  readonly atMs: number;
  readonly container: string;
  readonly stage: string | null;
  readonly by: string | null;
  readonly why: string | null;
  /** recovered, not_recovered, failed, dry_run; null: its end was not written. */
  readonly result: string | null;
  readonly text: string | null;
  /** Work that was thrown away, as a sentence. */
  readonly lost: string | null;
  readonly tookSeconds: number | null;
}

export interface FailureGroup {
  readonly reason: string;
  /** The error without what differs from one to the next. */
  readonly signature: string;
  readonly count: number;
  readonly stages: readonly string[];
  readonly workers: number;
  readonly examples: readonly FailureExample[];
}

export interface FailureExample {
  readonly document: string | null;
  readonly worker: string | null;
  readonly error: string;
}

export interface AlertFacts {
  readonly kind: string;
  readonly severity: string;
  /** Who it is about. */
  readonly subject: string;
  readonly stage: string | null;
  readonly container: string | null;
  readonly summary: string | null;
  readonly isConsequence: boolean;
  /** When what is wrong began. */
  readonly beganAtMs: number | null;
  readonly openedAtMs: number;
  /** Null: open to the end. */
  readonly clearedAtMs: number | null;
}

export interface GpuFacts {
  readonly gpu: string;
  readonly peakBytes: number;
  readonly totalBytes: number | null;
  /** Stages with workers on it. */
  readonly stages: readonly string[];
}

/** Seconds from its begin to its opening. */
export function detectSeconds({ beganAtMs, openedAtMs }: AlertFacts): number | null {
  return beganAtMs === null ? null : Math.max(0, openedAtMs - beganAtMs) / 1000;
}

/** Seconds from its opening to its end; null while it lasts. */
export function recoverSeconds({ openedAtMs, clearedAtMs }: AlertFacts): number | null {
  return clearedAtMs === null ? null : Math.max(0, clearedAtMs - openedAtMs) / 1000;
}
