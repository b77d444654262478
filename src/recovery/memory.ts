/** What recovery remembers, over restarts of the daemon too: restarts done and under way, and who has used up its budget. */

import type { RecoveryConfig } from '../config/recovery-section.js';

export interface ContainerMemory {
  /** Restarts by stagewatch, oldest first; times are Unix milliseconds. */
  readonly restartsAtMs: readonly number[];
  /** How many of them came without the container being well for `backoff_reset` in between. */
  readonly streak: number;
  /** Since when it has been well; absent while it is not. */
  readonly wellSinceMs?: number;
  /** Its budget was used up, and none is restarted until the window is empty or a person acts. */
  readonly exhaustedAtMs?: number;
  /** A restart of ours ended with the container stopped. */
  readonly leftDownAtMs?: number;
  /** When the last attempt was over, whatever came of it. */
  readonly endedAtMs?: number;
  /** Attempts that failed, one after the other. */
  readonly failed?: FailedAttempts;
  readonly pending?: PendingRestart;
}

export interface FailedAttempts {
  readonly count: number;
  /** What came of the last one, as a sentence. */
  readonly text: string;
}

/** A restart that the engine rejected or did not answer: it may still stop the container, and will not start it then. */
export interface PendingRestart {
  readonly incident: string;
  readonly containerId: string;
  readonly askedAtMs: number;
  /** Who asks it to end later than this is not stagewatch. */
  readonly answeredAtMs: number;
  /** Of the container run that was to end; the engine's clock. */
  readonly startedBeforeMs?: number;
  /** When SIGKILL was sent to a process that has not ended since; the engine's clock. */
  readonly killedAtMs?: number;
}

/** A restart that is on its way: asked of the engine, or begun and not seen at work yet. */
export interface InFlight {
  /** Names the incident, and its folder of evidence: time and container. */
  readonly id: string;
  readonly phase: 'restarting' | 'verifying';
  readonly container: string;
  readonly containerId: string;
  readonly stage?: string;
  readonly by: string;
  readonly why: string;
  /** When it was written down, just before the engine was asked; our clock. */
  readonly askedAtMs: number;
  /** StartedAt before and after, by the engine's clock. */
  readonly startedBeforeMs?: number;
  readonly startedAfterMs?: number;
  /** Our clock when it was seen to run again. */
  readonly seenStartedAtMs?: number;
  readonly evidence?: string;
  /** Of a Swarm task, which is stopped only: where the task appears that replaces it. */
  readonly place?: string;
}

export interface RecoveryMemory {
  /** By identity. */
  readonly containers: ReadonlyMap<string, ContainerMemory>;
  /** Of all containers, oldest first. */
  readonly fleetRestartsAtMs: readonly number[];
  /** By identity. */
  readonly inFlight: ReadonlyMap<string, InFlight>;
  /** Findings that a dry run has told of, and when. */
  readonly dryRuns: ReadonlyMap<string, number>;
}

export const NO_MEMORY: RecoveryMemory = {
  containers: new Map(),
  fleetRestartsAtMs: [],
  inFlight: new Map(),
  dryRuns: new Map(),
};

export const NEVER_RESTARTED: ContainerMemory = { restartsAtMs: [], streak: 0 };

export function memoryOf({ containers }: RecoveryMemory, identity: string): ContainerMemory {
  return containers.get(identity) ?? NEVER_RESTARTED;
}

/** A clock that was set back leaves times ahead of now: they count as now, so that no budget is won by it. */
export function within(timesMs: readonly number[], windowMs: number, nowMs: number): readonly number[] {
  return timesMs.map((atMs) => Math.min(atMs, nowMs)).filter((atMs) => nowMs - atMs < windowMs);
}

/** When the last attempt ended, or began where that is not known; undefined: there was none. */
export function lastAttemptMs(
  { restartsAtMs, endedAtMs }: ContainerMemory,
  nowMs: number,
): number | undefined {
  const lastMs = restartsAtMs.at(-1);
  return lastMs === undefined ? undefined : Math.min(nowMs, Math.max(lastMs, endedAtMs ?? lastMs));
}

/** How long after its last attempt a container is left alone. */
export function backoffMs({ streak }: ContainerMemory, { backoff, backoff_max }: RecoveryConfig): number {
  if (streak === 0) return 0;
  return Math.min(backoff * 2 ** Math.min(streak - 1, 30), Math.max(backoff, backoff_max));
}

export function isExhausted(memory: ContainerMemory, config: RecoveryConfig, nowMs: number): boolean {
  const { container_window, container_budget } = config;
  const recent = within(memory.restartsAtMs, container_window, nowMs);
  return recent.length >= container_budget || (memory.exhaustedAtMs !== undefined && recent.length > 0);
}

export function fleetRemaining(
  { fleetRestartsAtMs }: RecoveryMemory,
  { fleet_budget, fleet_window }: RecoveryConfig,
  nowMs: number,
): number {
  return Math.max(0, fleet_budget - within(fleetRestartsAtMs, fleet_window, nowMs).length);
}

export function containerRemaining(memory: ContainerMemory, config: RecoveryConfig, nowMs: number): number {
  if (isExhausted(memory, config, nowMs)) return 0;
  return config.container_budget - within(memory.restartsAtMs, config.container_window, nowMs).length;
}
