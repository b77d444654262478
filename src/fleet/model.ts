/** The one picture of now: readonly facts, each with the time it was seen. Times are Unix milliseconds. */

import type { SentinelFacts } from './sentinel-model.js';

export const SOURCE_NAMES = ['docker', 'sentinels'] as const;
export type SourceName = (typeof SOURCE_NAMES)[number];

export const ROLES = ['worker', 'orchestrator', 'infrastructure'] as const;
export type Role = (typeof ROLES)[number];

export const CONTAINER_STATES = [
  'created',
  'running',
  'paused',
  'restarting',
  'removing',
  'exited',
  'dead',
] as const;
export type ContainerState = (typeof CONTAINER_STATES)[number];

export const HEALTH_STATES = ['starting', 'healthy', 'unhealthy'] as const;
export type HealthState = (typeof HEALTH_STATES)[number];

/** Who started a container again: the engine's restart policy, stagewatch itself, or anybody else. */
export const RESTART_CAUSES = ['policy', 'stagewatch', 'other'] as const;
export type RestartCause = (typeof RESTART_CAUSES)[number];

export const EXIT_REASONS = ['ok', 'error', 'signal', 'oom'] as const;
export type ExitReason = (typeof EXIT_REASONS)[number];

/** Counts that only rise for the daemon's life, through re-creations of the container too. */
export interface ContainerCounters {
  readonly restarts: Readonly<Record<RestartCause, number>>;
  readonly exits: Readonly<Record<ExitReason, number>>;
  readonly oomEvents: number;
}

/** What a container is to the pipeline. */
export interface Classification {
  readonly role: Role;
  readonly stage?: string;
  /** GPU index or UUID, as the label or the name gives it. */
  readonly gpu?: string;
  readonly replica?: string;
  /** What people call this piece of infrastructure (`RabbitMQ`). */
  readonly title?: string;
}

export interface Container extends Classification {
  /** Compose project/service/number, else the name: stays when the container is re-created. */
  readonly identity: string;
  readonly id: string;
  readonly name: string;
  readonly image: string;
  readonly project?: string;
  readonly service?: string;
  readonly state: ContainerState;
  /** Absent without a health check. */
  readonly health?: HealthState;
  readonly createdAtMs: number;
  readonly startedAtMs?: number;
  readonly finishedAtMs?: number;
  /** Exit code of the last end that was seen; absent until one was. */
  readonly lastExitCode?: number;
  /** The engine's own words when a start failed. */
  readonly error?: string;
  /** Label `stagewatch.restart`; absent where it is not set. */
  readonly isRestartAllowed?: boolean;
  readonly counters: ContainerCounters;
  /** When the engine last confirmed these facts. */
  readonly seenAtMs: number;
}

/** Why a read failed, from a closed set: it is a label of `stagewatch_source_failures_total`. */
export const FAILURE_REASONS = [
  'unreachable',
  'permission',
  'timeout',
  'interrupted',
  'rejected',
  'protocol',
] as const;
export type FailureReason = (typeof FAILURE_REASONS)[number];

export interface SourceHealth {
  readonly source: SourceName;
  /** What is watched, without credentials: `unix:///var/run/docker.sock`. */
  readonly target: string;
  /** Undefined until the first read has ended. */
  readonly isUp?: boolean;
  readonly lastSuccessAtMs?: number;
  readonly lastAttemptAtMs?: number;
  readonly lastDurationMs?: number;
  readonly failures: Readonly<Record<FailureReason, number>>;
  /** The last failure in words; absent while the source is up. */
  readonly problem?: string;
}

/** A container of the engine that is no part of the pipeline. */
export interface IgnoredContainer {
  readonly id: string;
  readonly name: string;
}

export interface Fleet {
  readonly sources: ReadonlyMap<SourceName, SourceHealth>;
  /** By identity. */
  readonly containers: ReadonlyMap<string, Container>;
  /** By container id. */
  readonly ignored: ReadonlyMap<string, IgnoredContainer>;
  readonly sentinels: SentinelFacts;
}
