/** The configuration that watches the demo: what a user would write, with time limits as much shorter as time runs faster. */

import { type SimProfile, simulationConfig } from './profile.js';

export interface DemoAddresses {
  readonly listen: string;
  readonly dataDir: string;
  readonly engineSocket: string;
  readonly cgroupRoot: string;
  readonly metricsUrl: string;
  readonly managementUrl: string;
  readonly dcgmUrl: string;
  readonly nvidiaSmiUrl: string;
  readonly progressDirectory: string;
  readonly sentinelRoot: string;
}

export interface DemoConfigOptions {
  readonly profile: SimProfile;
  readonly speed: number;
  /** Stuck workers are restarted; else it is only said. */
  readonly isRecovering: boolean;
  readonly addresses: DemoAddresses;
}

/** Nothing behind it can be harmed. */
export const DEMO_TOKEN = 'demo';
const SECOND = 1;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

/** As JSON or YAML it is a stagewatch.yaml. */
export function demoConfig({ profile, speed, isRecovering, addresses }: DemoConfigOptions) {
  const shorten = shortener(speed);
  return {
    listen: addresses.listen,
    data_dir: addresses.dataDir,
    docker: {
      host: `unix://${addresses.engineSocket}`,
      cgroup_root: addresses.cgroupRoot,
      cpu_interval: shorten(10 * SECOND, 2),
      relist_interval: shorten(MINUTE, 10),
    },
    rabbitmq: {
      metrics_url: addresses.metricsUrl,
      management_url: addresses.managementUrl,
      interval: shorten(5 * SECOND, 1),
      stats_interval: '100ms',
      consumer_timeout: shorten(2 * HOUR, 1),
    },
    progress: {
      directory: addresses.progressDirectory,
      interval: `${Math.max(Math.round(2000 / speed), 250)}ms`,
    },
    sentinels: { root: addresses.sentinelRoot },
    dcgm: { url: addresses.dcgmUrl, interval: shorten(10 * SECOND, 2) },
    gpu_processes: { url: addresses.nvidiaSmiUrl, interval: shorten(15 * SECOND, 2) },
    ...withOwnLimits(simulationConfig(profile), shorten),
    detection: detectionLimits(profile, shorten),
    recovery: { enabled: true, dry_run: !isRecovering, ...recoveryLimits(shorten) },
    web: { bearer_token: DEMO_TOKEN },
  };
}

type Shorten = (seconds: number, atLeast: number) => string;

function shortener(speed: number): Shorten {
  return (seconds, atLeast) => `${Math.max(Math.round(seconds / speed), atLeast)}s`;
}

/** Least values are those that the options take, or that a look every second can tell apart. */
function detectionLimits({ orchestrators }: SimProfile, shorten: Shorten) {
  return {
    interval: shorten(5 * SECOND, 1),
    stale_after: shorten(45 * SECOND, 10),
    stall_after: shorten(5 * MINUTE, 15),
    livelock_after: shorten(15 * MINUTE, 60),
    learned_floor: shorten(MINUTE, 15),
    learned_ceiling: shorten(30 * MINUTE, 60),
    start_grace: shorten(10 * MINUTE, 15),
    starved_after: shorten(MINUTE, 10),
    dead_letters_window: shorten(HOUR, 60),
    orchestrator_stall_after: shorten(15 * MINUTE, 60),
    down_after: shorten(30 * SECOND, 5),
    source_down_after: shorten(30 * SECOND, 5),
    crash_loop_window: shorten(10 * MINUTE, 60),
    orphaned_after: shorten(30 * SECOND, 3),
    queue_window: shorten(10 * MINUTE, 30),
    // No queue can hold more messages than there are orchestrators to wait for them.
    queue_min_rise: Math.min(20, Math.round(orchestrators / 3)),
    no_consumers_after: shorten(MINUTE, 10),
    // Of a stage through which few documents go, few can fail.
    failures_min: Math.min(5, Math.round(orchestrators / 5)),
    failures_window: shorten(10 * MINUTE, 60),
    gpu_memory_for: shorten(5 * MINUTE, 15),
    gpu_leak_window: shorten(HOUR, 600),
  };
}

function recoveryLimits(shorten: Shorten) {
  return {
    stop_timeout: shorten(10 * SECOND, 2),
    start_grace: shorten(2 * MINUTE, 5),
    hands_off: shorten(5 * MINUTE, 10),
    backoff: shorten(10 * SECOND, 2),
    backoff_max: shorten(5 * MINUTE, 15),
    backoff_reset: shorten(10 * MINUTE, 60),
    container_window: shorten(30 * MINUTE, 90),
    fleet_window: shorten(HOUR, 180),
    max_lost_work: shorten(HOUR, 60),
    verify_within: shorten(15 * MINUTE, 45),
  };
}

interface StageEntry {
  readonly id: string;
}

/** Between two steps of a Vision job lies up to an hour: busy for so long is no livelock there. */
const LIVELOCK_SECONDS: Readonly<Record<string, number>> = { G6_00: 2 * HOUR };

function withOwnLimits(config: ReturnType<typeof simulationConfig>, shorten: Shorten): object {
  const { stages, ...rest } = config as { readonly stages: readonly StageEntry[] };
  return {
    ...rest,
    stages: stages.map((stage) => {
      const seconds = LIVELOCK_SECONDS[stage.id];
      return seconds === undefined ? stage : { ...stage, livelock_after: shorten(seconds, 60) };
    }),
  };
}
