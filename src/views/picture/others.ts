/** The containers that are no part of the pipeline, by Compose project or Swarm stack, those in trouble first. */

import type { ContainerJson, FleetJson } from './api-shapes.js';
import type { StatusCount } from './flow-model.js';
import { elapsedMs, formatCount, formatDuration, formatNumbered, parseTime } from './format.js';
import { countStatusesOf } from './people.js';
import { STATUS_LOOKS, type StatusName } from './vocabulary.js';

export interface OtherView {
  readonly container: string;
  /** active (it runs), starting, slow (its health check fails), waiting (paused), done (it ended with code 0), down. */
  readonly status: StatusName;
  /** `running, unhealthy`, `exited with code 137`. */
  readonly detail: string;
  /** How long it has run, or not. */
  readonly forMs: number | null;
  /** `3 restarts, 1 OOM kill, 0.4 cores`; empty where there is nothing to say. */
  readonly figures: string;
  /** It is down or slow, was restarted by its policy, or ran out of memory. */
  readonly isNotable: boolean;
}

export interface OtherGroup {
  /** Of Compose or Swarm; null: of neither. */
  readonly project: string | null;
  readonly label: string;
  readonly counts: readonly StatusCount[];
  /** Worst first. */
  readonly containers: readonly OtherView[];
}

export interface OthersView {
  /** All there are. */
  readonly count: number;
  /** Groups with trouble first, then the largest. */
  readonly groups: readonly OtherGroup[];
  /** Those that are counted only. */
  readonly leftOut: number;
}

const NAMES = new Intl.Collator('en', { numeric: true });
/** Less is noise of a container that waits. */
const MIN_CORES = 0.05;

export function listOthers(fleet: FleetJson, nowMs: number): OthersView {
  const others = (fleet.containers ?? []).filter(({ role }) => role === 'other');
  const leftOut = fleet.othersLeftOut ?? 0;
  return { count: others.length + leftOut, groups: groupOthers(others, nowMs), leftOut };
}

function groupOthers(others: readonly ContainerJson[], nowMs: number): readonly OtherGroup[] {
  const members = new Map<string | null, ContainerJson[]>();
  for (const other of others) {
    const project = other.project ?? null;
    const known = members.get(project);
    if (known) known.push(other);
    else members.set(project, [other]);
  }
  return [...members]
    .map(([project, list]) => describeGroup(project, list, nowMs))
    .toSorted(
      (one, other) =>
        troubleOf(other) - troubleOf(one) ||
        other.containers.length - one.containers.length ||
        NAMES.compare(one.label, other.label),
    );
}

function describeGroup(project: string | null, members: readonly ContainerJson[], nowMs: number): OtherGroup {
  const containers = members
    .map((container) => describeOther(container, nowMs))
    .toSorted(
      (one, other) =>
        Number(other.isNotable) - Number(one.isNotable) ||
        STATUS_LOOKS[one.status].rank - STATUS_LOOKS[other.status].rank ||
        NAMES.compare(one.container, other.container),
    );
  return { project, label: project ?? 'no project', counts: countStatusesOf(containers), containers };
}

function troubleOf({ containers }: OtherGroup): number {
  return containers.filter(({ isNotable }) => isNotable).length;
}

function describeOther(container: ContainerJson, nowMs: number): OtherView {
  const { state, health, restarts, oomEvents, lastExitCode } = container;
  const status = statusOf(container);
  const isRunning = state === 'running' || state === 'paused';
  const since = parseTime(isRunning ? container.startedAt : container.finishedAt);
  const byPolicy = restarts?.['policy'] ?? 0;
  const code = isRunning || lastExitCode == null ? '' : ` with code ${lastExitCode}`;
  return {
    container: container.container,
    status,
    detail: [`${state ?? 'unknown'}${code}`, ...(isRunning && health ? [health] : [])].join(', '),
    forMs: elapsedMs(since, nowMs),
    figures: figuresOf(container),
    isNotable: status === 'down' || status === 'slow' || byPolicy > 0 || (oomEvents ?? 0) > 0,
  };
}

function statusOf({ state, health, lastExitCode }: ContainerJson): StatusName {
  switch (state) {
    case 'running':
      if (health === 'starting') return 'starting';
      return health === 'unhealthy' ? 'slow' : 'active';
    case 'created':
    case 'restarting':
      return 'starting';
    case 'paused':
      return 'waiting';
    case 'exited':
      return lastExitCode === 0 ? 'done' : lastExitCode == null ? 'unknown' : 'down';
    case 'dead':
      return 'down';
    default:
      return 'unknown';
  }
}

function figuresOf({ restarts, oomEvents, cpuRecentCores, state }: ContainerJson): string {
  const times = Object.values(restarts ?? {}).reduce((sum, count) => sum + count, 0);
  const cores = state === 'running' ? (cpuRecentCores ?? 0) : 0;
  return [
    times > 0 ? formatNumbered(times, 'restart') : '',
    oomEvents ? formatNumbered(oomEvents, 'OOM kill') : '',
    cores >= MIN_CORES ? `${cores >= 10 ? formatCount(cores) : cores.toFixed(1)} cores` : '',
  ]
    .filter((part) => part !== '')
    .join(', ');
}

/** `exited with code 137 for 2m · 3 restarts`. */
export function sayOther({ detail, forMs, figures }: OtherView): string {
  const since = forMs === null ? '' : ` for ${formatDuration(forMs)}`;
  return `${detail}${since}${figures === '' ? '' : ` · ${figures}`}`;
}
