/** The one picture of now: readonly facts, each with the time it was seen. Times are Unix milliseconds. */

import type { SequenceRing } from '../lib/sequence-ring.js';
import type { CpuActivity } from './cpu-model.js';
import type { FailureReason } from './failure-reason.js';
import type { Gpu, GpuLink, GpuRequest, LostGpu } from './gpu-model.js';
import type { GpuHolding, GpuOrphans } from './gpu-process-model.js';
import type { BrokerHold } from './hold-model.js';
import type { IoActivity } from './io-model.js';
import type { LogErrorCount, LogTrouble } from './log-model.js';
import type { ContainerProcesses } from './process-model.js';
import type { ProgressPicture } from './progress-model.js';
import type { Broker, Queue } from './queue-model.js';
import type { SentinelFacts } from './sentinel-model.js';
import type { ContainerSockets } from './socket-model.js';
import type { ContainerStacks } from './stack-model.js';
import type { Stage } from './stage-model.js';
import type { Supervisor } from './supervisor.js';

export const SOURCE_NAMES = ['docker', 'rabbitmq', 'progress', 'sentinels', 'dcgm', 'gpu_processes'] as const;

export type SourceName = (typeof SOURCE_NAMES)[number];

/** `other`: a container of the host that fits nothing. */
export const ROLES = ['worker', 'orchestrator', 'infrastructure', 'other'] as const;
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

/** `unknown`: the engine did not tell the exit code. */
export const EXIT_REASONS = ['ok', 'error', 'signal', 'oom', 'unknown'] as const;
export type ExitReason = (typeof EXIT_REASONS)[number];

/** Counts that only rise for the daemon's life, through re-creations of the container too. */
export interface ContainerCounters {
  readonly restarts: Readonly<Record<RestartCause, number>>;
  readonly exits: Readonly<Record<ExitReason, number>>;
  /** Those of the exits that a stop or restart asked for: no failures. */
  readonly stops: Readonly<Record<ExitReason, number>>;
  readonly oomEvents: number;
}

/** What a container is to the pipeline. */
export interface Classification {
  readonly role: Role;
  /** Of role `other`: its label or Compose says so, and progress under its name is not taken. */
  readonly isOtherByLabel?: true;
  readonly stage?: string;
  /** The stage is only the kind in the name: whoever knows better is believed. */
  readonly isStageGuessed?: true;
  /** The worker itself told it where the name gives only a guess. */
  readonly isStageTold?: true;
  /** Neither label nor configuration nor name says it: who uses the broker does. */
  readonly isDiscovered?: true;
  /** Work queues that its service consumes, as the broker tells. */
  readonly queues?: readonly string[];
  /** GPU index or UUID, as the label or the name gives it. */
  readonly gpu?: string;
  readonly replica?: string;
  /** What people call this piece of infrastructure (`RabbitMQ`). */
  readonly title?: string;
}

export interface ContainerEnd {
  readonly reason: ExitReason;
  /** Absent where the engine did not tell it. */
  readonly exitCode?: number;
  readonly atMs: number;
  /** Somebody stopped or killed it through the engine; absent where only an inspect tells of the end. */
  readonly isAskedFor?: boolean;
  /** Of one that was asked for: by SIGKILL alone, so that the process could not put anything in order. */
  readonly isKilledOutright?: true;
  /** When it was last requested, though it may not explain the end. */
  readonly requestedAtMs?: number;
  /** A restart by stagewatch ended it, and has not started it again. */
  readonly isOurs?: true;
  /** Its restart policy would have started it again: it was stopped or killed before that. */
  readonly isHeldDown?: true;
}

/** Requests to end a container's process that it has outlived so far. */
export interface EndRequested {
  /** The last one. */
  readonly atMs: number;
  /** SIGKILL was sent: a process that lives on after it cannot end. */
  readonly killedAtMs?: number;
}

/** An end that was seen, which outlives the container: one that is removed at once tells no more. */
export interface SeenEnd extends ContainerEnd {
  /** Of the container: stays when it is re-created. */
  readonly identity: string;
  readonly id: string;
}

export interface Container extends Classification {
  /** Compose project/service/number, else the name: stays when the container is re-created. */
  readonly identity: string;
  readonly id: string;
  readonly name: string;
  readonly image: string;
  /** Of Compose, or the stack of Swarm. */
  readonly project?: string;
  readonly service?: string;
  /** What Compose and Swarm call the replica without project or stack: `service-number`. */
  readonly replicaNames?: readonly string[];
  /** Why the engine's answer about it cannot be read; the other facts are those before. */
  readonly unreadable?: string;
  readonly state: ContainerState;
  /** Absent without a health check. */
  readonly health?: HealthState;
  readonly createdAtMs: number;
  readonly startedAtMs?: number;
  /** The same by the engine's clock, where that is off: the identity of the container run, not a time. */
  readonly engineStartMs?: number;
  readonly finishedAtMs?: number;
  /** Exit code of the last end that was seen; absent until one was. */
  readonly lastExitCode?: number;
  /** The last end that was seen; absent until one was. */
  readonly lastEnd?: ContainerEnd;
  /** Absent while it is not running, or where no request to end it was seen. */
  readonly endRequested?: EndRequested;
  /** The engine's own words when a start failed. */
  readonly error?: string;
  /** Who starts it again when it ends; absent where that is the engine alone, or a person. */
  readonly supervisor?: Supervisor;
  /** Label `stagewatch.restart`; absent where it is not set. */
  readonly isRestartAllowed?: boolean;
  /** Which GPUs the engine gives it; absent until it was inspected. */
  readonly gpuRequest?: GpuRequest;
  readonly counters: ContainerCounters;
  /** When the engine last confirmed these facts. */
  readonly seenAtMs: number;
}

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
  /** What the operator should cure although the source can be read. */
  readonly warning?: string;
}

/** A container of the engine that is not shown: by its label, its Compose project, or because others are hidden. */
export interface IgnoredContainer {
  readonly id: string;
  readonly name: string;
  /** A label says that it is no part of the pipeline. */
  readonly isByLabel?: true;
  /** It does not run. */
  readonly isEnded?: true;
}

export interface Fleet extends ProgressPicture {
  /** How much CPU time containers use, by identity; those that nobody measured are missing. */
  readonly cpu: ReadonlyMap<string, CpuActivity>;
  /** What suspects among the containers take in and give out, by identity. */
  readonly io: ReadonlyMap<string, IoActivity>;
  /** By identity: connections of those that detection asked about lately. */
  readonly sockets: ReadonlyMap<string, ContainerSockets>;
  /** By identity: what the processes of suspects were last seen to wait for. */
  readonly processes: ReadonlyMap<string, ContainerProcesses>;
  /** By identity: the stacks of suspects that print them on request. */
  readonly stacks: ReadonlyMap<string, ContainerStacks>;
  /** Lines in the logs of workers that fit a pattern, by stage and pattern. */
  readonly logErrors: readonly LogErrorCount[];
  /** What workers printed of each pattern last, by container and pattern. */
  readonly logTroubles: ReadonlyMap<string, LogTrouble>;
  /** By identity: what consumers of work queues hold, as the broker says. */
  readonly holds: ReadonlyMap<string, BrokerHold>;
  readonly sources: ReadonlyMap<SourceName, SourceHealth>;
  /** By identity. */
  readonly containers: ReadonlyMap<string, Container>;
  /** The newest ends of containers of the pipeline, in the order of their being seen. */
  readonly ends: SequenceRing<SeenEnd>;
  /** By container id. */
  readonly ignored: ReadonlyMap<string, IgnoredContainer>;
  /** By identity: UUID, and id of the MIG instance. */
  readonly gpus: ReadonlyMap<string, Gpu>;
  /** By identity. */
  readonly lostGpus: ReadonlyMap<string, LostGpu>;
  /** Which containers may use which GPUs. */
  readonly gpuLinks: readonly GpuLink[];
  /** GPU memory that containers hold; empty where nothing tells. */
  readonly gpuHoldings: readonly GpuHolding[];
  /** GPU memory that no container holds, a GPU each; those of which that is not known are missing. */
  readonly gpuOrphans: readonly GpuOrphans[];
  /** By `vhost/name`. */
  readonly queues: ReadonlyMap<string, Queue>;
  /** Undefined until a broker has answered. */
  readonly broker: Broker | undefined;
  /** As configured, by stage id, in DAG order. */
  readonly stages: ReadonlyMap<string, Stage>;
  readonly sentinels: SentinelFacts;
}
