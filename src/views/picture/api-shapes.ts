/**
 * What the picture reads of the daemon's JSON. Everything may be missing or null: an older daemon, or one that has
 * just started, is shown as far as it tells. Times are ISO 8601, durations milliseconds.
 */

type Maybe<T> = T | null | undefined;

/** `GET /api/v1/fleet`, the part under `data`. */
export interface FleetJson {
  readonly at?: Maybe<string>;
  readonly sources?: Maybe<readonly SourceJson[]>;
  readonly containers?: Maybe<readonly ContainerJson[]>;
  /** Containers of role `other` that the list leaves out, because there are too many. */
  readonly othersLeftOut?: Maybe<number>;
  readonly stages?: Maybe<readonly StageJson[]>;
  readonly gpus?: Maybe<readonly GpuJson[]>;
  readonly queues?: Maybe<readonly QueueJson[]>;
  readonly broker?: Maybe<BrokerJson>;
  readonly workers?: Maybe<readonly WorkerJson[]>;
  readonly orchestrators?: Maybe<readonly OrchestratorJson[]>;
  readonly findings?: Maybe<readonly FindingJson[]>;
}

export interface SourceJson {
  readonly source: string;
  readonly target?: Maybe<string>;
  readonly up?: Maybe<boolean>;
  readonly lastSuccessAt?: Maybe<string>;
  readonly problem?: Maybe<string>;
  readonly warning?: Maybe<string>;
}

export interface ContainerJson {
  readonly container: string;
  readonly id?: Maybe<string>;
  readonly image?: Maybe<string>;
  readonly role?: Maybe<string>;
  readonly title?: Maybe<string>;
  readonly stage?: Maybe<string>;
  /** Of Compose, or the stack of Swarm. */
  readonly project?: Maybe<string>;
  readonly service?: Maybe<string>;
  readonly restarts?: Maybe<Readonly<Record<string, number>>>;
  readonly oomEvents?: Maybe<number>;
  /** On average over about the last minute. */
  readonly cpuRecentCores?: Maybe<number>;
  /** Who starts it again when it ends, and what a person types to have that done. */
  readonly supervisor?: Maybe<{
    readonly title?: Maybe<string>;
    readonly unit?: Maybe<string>;
    readonly remedy?: Maybe<string>;
  }>;
  readonly state?: Maybe<string>;
  readonly health?: Maybe<string>;
  readonly startedAt?: Maybe<string>;
  readonly finishedAt?: Maybe<string>;
  readonly lastExitCode?: Maybe<number>;
}

export interface StageJson {
  readonly id: string;
  /** False: known from workers, jobs or sentinels alone, so that its place in the DAG is not known. */
  readonly configured?: Maybe<boolean>;
  /** It is known from who consumes which queue. */
  readonly discovered?: Maybe<boolean>;
  readonly name?: Maybe<string>;
  readonly branch?: Maybe<string>;
  readonly queue?: Maybe<string>;
  readonly workers?: Maybe<number>;
  readonly workersByStatus?: Maybe<Readonly<Record<string, number>>>;
  readonly orchestratorsByStatus?: Maybe<Readonly<Record<string, number>>>;
  readonly limits?: Maybe<{
    readonly stallMs?: Maybe<number>;
    /** set, learned, default. */
    readonly origin?: Maybe<string>;
    readonly maxJobMs?: Maybe<number>;
    readonly slowJobMs?: Maybe<number>;
  }>;
  readonly jobs?: Maybe<{
    readonly completed?: Maybe<number>;
    readonly failed?: Maybe<number>;
    readonly durations?: Maybe<{ readonly count?: Maybe<number>; readonly meanSeconds?: Maybe<number> }>;
  }>;
  /** From the daemon's memory of the last hour. */
  readonly jobsPerHour?: Maybe<number>;
  readonly p95JobSeconds?: Maybe<number>;
}

export interface FigureJson {
  readonly value: number;
  readonly at?: Maybe<string>;
}

export interface QueueJson {
  readonly queue: string;
  readonly vhost?: Maybe<string>;
  readonly stage?: Maybe<string>;
  readonly status?: Maybe<string>;
  /** work, dead_letter, delay, event, reply, temporary, stream. */
  readonly kind?: Maybe<string>;
  readonly ready?: Maybe<FigureJson>;
  readonly unacked?: Maybe<FigureJson>;
  readonly consumers?: Maybe<FigureJson>;
  readonly trend?: Maybe<TrendJson>;
}

export interface TrendJson {
  /** Change of the waiting messages. */
  readonly perMinute?: Maybe<number>;
  readonly inPerMinute?: Maybe<number>;
  readonly outPerMinute?: Maybe<number>;
  readonly drainMs?: Maybe<number>;
}

export interface BrokerJson {
  readonly version?: Maybe<string>;
  /** memory, disk: whether the alarm is on. */
  readonly alarms?: Maybe<Readonly<Record<string, boolean>>>;
  /** amqp, metrics, management: each with whether it answers. */
  readonly ways?: Maybe<
    readonly { readonly via: string; readonly up?: Maybe<boolean>; readonly problem?: Maybe<string> }[]
  >;
}

export interface GpuJson {
  readonly gpu?: Maybe<string>;
  readonly uuid?: Maybe<string>;
  readonly index?: Maybe<string>;
  readonly mig?: Maybe<{ readonly id?: Maybe<string>; readonly profile?: Maybe<string> }>;
  readonly model?: Maybe<string>;
  readonly memory?: Maybe<{
    readonly usedBytes?: Maybe<number>;
    readonly freeBytes?: Maybe<number>;
    readonly totalBytes?: Maybe<number>;
  }>;
  /** 0 to 1. */
  readonly utilization?: Maybe<number>;
  readonly temperature?: Maybe<number>;
  readonly power?: Maybe<number>;
  readonly xids?: Maybe<Readonly<Record<string, number>>>;
  readonly containers?: Maybe<readonly string[]>;
  /** Where something tells how much each container uses. */
  readonly memoryByContainer?: Maybe<Readonly<Record<string, number>>>;
  /** Processes that hold its memory outside of all containers. */
  readonly orphans?: Maybe<readonly OrphanJson[]>;
  readonly present?: Maybe<boolean>;
  readonly lostAt?: Maybe<string>;
}

export interface OrphanJson {
  readonly pid: number;
  readonly program?: Maybe<string>;
  readonly usedBytes?: Maybe<number>;
}

interface JobJson {
  readonly container: string;
  readonly id?: Maybe<string>;
  readonly stage?: Maybe<string>;
  readonly status?: Maybe<string>;
  readonly reason?: Maybe<string>;
  readonly since?: Maybe<string>;
  readonly document?: Maybe<string>;
  readonly jobStartedAt?: Maybe<string>;
  readonly lastProgressAt?: Maybe<string>;
}

export interface WorkerJson extends JobJson {
  readonly gpu?: Maybe<string>;
  readonly done?: Maybe<number>;
  readonly total?: Maybe<number>;
  readonly unit?: Maybe<string>;
  readonly message?: Maybe<string>;
  /** Work queues that its service consumes, as the broker tells. */
  readonly queues?: Maybe<readonly string[]>;
  /** Messages that the broker has delivered to it and that it has not acked. */
  readonly inHand?: Maybe<number>;
  /** For how long it may hold a message while nothing of it moves; only of one that reports no progress. */
  readonly holdLimitMs?: Maybe<number>;
}

export interface OrchestratorJson extends JobJson {
  readonly dots?: Maybe<string>;
  readonly completed?: Maybe<readonly string[]>;
  readonly heldUpBy?: Maybe<{
    readonly stage: string;
    readonly unwell?: Maybe<number>;
    readonly workers?: Maybe<readonly HeldUpByJson[]>;
  }>;
}

export interface HeldUpByJson {
  readonly container: string;
  readonly id?: Maybe<string>;
  readonly status?: Maybe<string>;
}

/** `GET /api/v1/findings`, and `findings` of the fleet. */
export interface FindingJson {
  readonly id: string;
  readonly kind: string;
  readonly severity: string;
  readonly container?: Maybe<string>;
  readonly stage?: Maybe<string>;
  readonly queue?: Maybe<string>;
  readonly vhost?: Maybe<string>;
  readonly gpu?: Maybe<string>;
  readonly uuid?: Maybe<string>;
  readonly source?: Maybe<string>;
  readonly document?: Maybe<string>;
  readonly channel?: Maybe<string>;
  readonly summary?: Maybe<string>;
  readonly evidence?: Maybe<readonly string[]>;
  readonly clearsWhen?: Maybe<string>;
  readonly beganAt?: Maybe<string>;
  readonly openedAt?: Maybe<string>;
  readonly unconfirmed?: Maybe<boolean>;
  /** stale_source, restart, not_found; an older daemon does not say. */
  readonly unconfirmedBecause?: Maybe<string>;
  /** It is no longer found since then, and clears when that has lasted. */
  readonly overSince?: Maybe<string>;
  readonly consequenceOf?: Maybe<string>;
}

/** `GET /api/v1/recovery`. */
export interface RecoveryJson {
  readonly enabled?: Maybe<boolean>;
  readonly dryRun?: Maybe<boolean>;
  readonly fleetBudget?: Maybe<{
    readonly remaining?: Maybe<number>;
    readonly max?: Maybe<number>;
    readonly windowMs?: Maybe<number>;
  }>;
  readonly inFlight?: Maybe<readonly { readonly container: string; readonly startedAt?: Maybe<string> }[]>;
  readonly workers?: Maybe<readonly RecoveryWorkerJson[]>;
  readonly recent?: Maybe<readonly RestartJson[]>;
  readonly stages?: Maybe<readonly { readonly stage: string; readonly budgetRemaining?: Maybe<number> }[]>;
}

export interface RecoveryWorkerJson {
  readonly container: string;
  /** restart, wait, notify, refuse. */
  readonly decision?: Maybe<string>;
  /** A snake_case name. */
  readonly reason?: Maybe<string>;
  /** The same as a sentence. */
  readonly text?: Maybe<string>;
  readonly restartsInWindow?: Maybe<number>;
  readonly budget?: Maybe<number>;
  readonly nextAllowedAt?: Maybe<string>;
  readonly cost?: Maybe<{ readonly text?: Maybe<string> }>;
}

export interface RestartJson {
  readonly at?: Maybe<string>;
  readonly container: string;
  readonly stage?: Maybe<string>;
  /** recovered, not_recovered, failed, dry_run. */
  readonly result?: Maybe<string>;
  readonly dryRun?: Maybe<boolean>;
  readonly by?: Maybe<string>;
  readonly why?: Maybe<string>;
  /** What came of it, as a sentence. */
  readonly text?: Maybe<string>;
  readonly evidence?: Maybe<string>;
  readonly tookMs?: Maybe<number>;
}

/** `GET /api/v1/history`: the last hour; all lists are as long as `times`. */
export interface HistoryJson {
  readonly stepMs?: Maybe<number>;
  readonly times?: Maybe<readonly number[]>;
  readonly queues?: Maybe<
    Readonly<Record<string, { readonly ready?: Maybe<SeriesJson>; readonly unacked?: Maybe<SeriesJson> }>>
  >;
  readonly stages?: Maybe<
    Readonly<Record<string, { readonly completed?: Maybe<SeriesJson>; readonly failed?: Maybe<SeriesJson> }>>
  >;
}

export type SeriesJson = readonly (number | null)[];
