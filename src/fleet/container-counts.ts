/** Arithmetic of a container's counters: they are values, and only rise. */

import {
  type ContainerCounters,
  EXIT_REASONS,
  type ExitReason,
  RESTART_CAUSES,
  type RestartCause,
} from './model.js';

/** Exit codes above are 128 + signal, as the engine and shells report an end by signal. */
const SIGNAL_BASE = 128;
const MAX_SIGNAL = 64;

export const NO_COUNTS: ContainerCounters = {
  restarts: { policy: 0, stagewatch: 0, other: 0 },
  exits: { ok: 0, error: 0, signal: 0, oom: 0, unknown: 0 },
  stops: { ok: 0, error: 0, signal: 0, oom: 0, unknown: 0 },
  oomEvents: 0,
};

export function addCounts(one: ContainerCounters, other: ContainerCounters): ContainerCounters {
  const restarts = { ...one.restarts };
  for (const cause of RESTART_CAUSES) restarts[cause] += other.restarts[cause];
  const exits = { ...one.exits };
  const stops = { ...one.stops };
  for (const reason of EXIT_REASONS) {
    exits[reason] += other.exits[reason];
    stops[reason] += other.stops[reason];
  }
  return { restarts, exits, stops, oomEvents: one.oomEvents + other.oomEvents };
}

export function withRestarts(
  counters: ContainerCounters,
  cause: RestartCause,
  count: number,
): ContainerCounters {
  if (count <= 0) return counters;
  return { ...counters, restarts: { ...counters.restarts, [cause]: counters.restarts[cause] + count } };
}

export function withExits(counters: ContainerCounters, reason: ExitReason, count: number): ContainerCounters {
  if (count <= 0) return counters;
  return { ...counters, exits: { ...counters.exits, [reason]: counters.exits[reason] + count } };
}

export function withStop(counters: ContainerCounters, reason: ExitReason): ContainerCounters {
  return { ...counters, stops: { ...counters.stops, [reason]: counters.stops[reason] + 1 } };
}

export function withOom(counters: ContainerCounters): ContainerCounters {
  return { ...counters, oomEvents: counters.oomEvents + 1 };
}

export function exitReason(exitCode: number | undefined, isOom: boolean): ExitReason {
  if (exitCode === 0) return 'ok';
  if (isOom) return 'oom';
  if (exitCode === undefined) return 'unknown';
  return exitCode > SIGNAL_BASE && exitCode <= SIGNAL_BASE + MAX_SIGNAL ? 'signal' : 'error';
}
