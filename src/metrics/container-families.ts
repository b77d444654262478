/** Families of the containers: state, health, restarts, exits. */

import {
  CONTAINER_STATES,
  type Container,
  type ContainerState,
  EXIT_REASONS,
  type Fleet,
  HEALTH_STATES,
  RESTART_CAUSES,
  ROLES,
  type Role,
} from '../fleet/model.js';
import { renderLabels } from './exposition.js';
import type { Family, FamilyGroup } from './family.js';
import { shownContainers } from './shown-containers.js';

const LABELS = ['container', 'role', 'stage'];

/** Rendered once: `state="running"` and the like. */
function fixedLabels<T extends string>(
  name: string,
  values: readonly T[],
): readonly (readonly [T, string])[] {
  return values.map((value) => [value, renderLabels({ [name]: value })]);
}

const STATE_LABELS = fixedLabels('state', CONTAINER_STATES);
const HEALTH_LABELS = fixedLabels('health', HEALTH_STATES);
const CAUSE_LABELS = fixedLabels('cause', RESTART_CAUSES);
const REASON_LABELS = fixedLabels('reason', EXIT_REASONS);

const families: readonly Family<Container>[] = [
  {
    name: 'pipeline_container_info',
    type: 'gauge',
    help: 'What a container is; always 1. Of role "other" are those that are no part of the pipeline, 500 at most.',
    labels: [...LABELS, 'container_id', 'image', 'gpu', 'service', 'project'],
    write({ id, image, gpu, service, project }, series) {
      series(1, renderLabels({ container_id: id, image, gpu, service, project }));
    },
  },
  {
    name: 'pipeline_container_state',
    type: 'gauge',
    help: 'State of a container by the engine: 1 for the state it is in, 0 for the others.',
    labels: [...LABELS, 'state'],
    write({ state }, series) {
      for (const [value, label] of STATE_LABELS) series(value === state ? 1 : 0, label);
    },
  },
  {
    name: 'pipeline_container_health',
    type: 'gauge',
    help: 'Result of a container health check: 1 for the one it has, 0 for the others; absent without a health check.',
    labels: [...LABELS, 'health'],
    write({ health }, series) {
      if (health === undefined) return;
      for (const [value, label] of HEALTH_LABELS) series(value === health ? 1 : 0, label);
    },
  },
  {
    name: 'pipeline_container_restarts_total',
    type: 'counter',
    help: 'Restarts of a container by who caused them: the restart policy, stagewatch, or anybody else.',
    labels: [...LABELS, 'cause'],
    write({ counters }, series) {
      for (const [cause, label] of CAUSE_LABELS) series(counters.restarts[cause], label);
    },
  },
  {
    name: 'pipeline_container_exits_total',
    type: 'counter',
    help: 'Ends of a container seen by the daemon: exit code 0 (ok), other codes (error), a signal, out of memory (oom), or a code that the engine did not report (unknown).',
    labels: [...LABELS, 'reason'],
    write({ counters }, series) {
      for (const [reason, label] of REASON_LABELS) series(counters.exits[reason], label);
    },
  },
  {
    name: 'pipeline_container_stops_total',
    type: 'counter',
    help: 'Those ends of a container that a stop or restart asked for, by the same reasons: no failures.',
    labels: [...LABELS, 'reason'],
    write({ counters }, series) {
      for (const [reason, label] of REASON_LABELS) series(counters.stops[reason], label);
    },
  },
  {
    name: 'pipeline_container_oom_events_total',
    type: 'counter',
    help: 'Times the kernel killed a process of the container for lack of memory.',
    labels: LABELS,
    write({ counters }, series) {
      series(counters.oomEvents);
    },
  },
  {
    name: 'pipeline_container_start_timestamp_seconds',
    type: 'gauge',
    help: 'When the container was last started, in Unix seconds; absent if it never was.',
    labels: LABELS,
    write({ startedAtMs }, series) {
      if (startedAtMs !== undefined) series(startedAtMs / 1000);
    },
  },
  {
    name: 'pipeline_container_last_exit_code',
    type: 'gauge',
    help: 'Exit code of the last end that was seen; absent until one was.',
    labels: LABELS,
    write({ lastExitCode }, series) {
      if (lastExitCode !== undefined) series(lastExitCode);
    },
  },
];

export const containerFamilies: FamilyGroup<Container> = {
  source: 'docker',
  entities: shownContainers,
  labelsOf: ({ name, role, stage }) => renderLabels({ container: name, role, stage }),
  families,
};

/** One role and state, and how many containers are in it. */
interface ContainerCount {
  readonly role: Role;
  readonly state: ContainerState;
  readonly count: number;
}

export const containerCountFamilies: FamilyGroup<ContainerCount> = {
  source: 'docker',
  entities: countContainers,
  labelsOf: ({ role, state }) => renderLabels({ role, state }),
  families: [
    {
      name: 'pipeline_containers',
      type: 'gauge',
      help: 'Number of containers by role and state.',
      labels: ['role', 'state'],
      write({ count }, series) {
        series(count);
      },
    },
  ],
};

function countContainers({ containers, sources }: Fleet): readonly ContainerCount[] {
  // Where no engine is watched there is no count, not a count of 0.
  if (!sources.has('docker')) return [];
  const counts = new Map<string, number>();
  for (const { role, state } of containers.values()) {
    const key = `${role} ${state}`;
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return ROLES.flatMap((role) =>
    CONTAINER_STATES.map((state) => ({ role, state, count: counts.get(`${role} ${state}`) ?? 0 })),
  );
}
