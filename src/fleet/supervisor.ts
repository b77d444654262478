/** Knows by a container's labels who starts it again when it ends: then that program restarts it, not the engine's API. */

import { swarmSlot } from './identity.js';

export type SupervisorKind = 'swarm' | 'systemd' | 'kubernetes' | 'nomad' | 'ecs';

export interface Supervisor {
  readonly kind: SupervisorKind;
  /** As people call it. */
  readonly title: string;
  /** What it calls the container: `service shop_worker, slot 2`. */
  readonly unit: string;
  /** What a person types to have it restarted; absent where stagewatch asks for it itself. */
  readonly remedy?: string;
  /** Of Swarm: `shop_worker.2`, service and slot, which the task that replaces this one has as well. */
  readonly place?: string;
}

/** Labels by which it is known: kept of those that a container bears. */
export const SUPERVISOR_LABELS: readonly string[] = [
  'com.docker.swarm.service.id',
  'com.docker.swarm.service.name',
  'com.docker.swarm.task.id',
  'com.docker.swarm.task.name',
  'PODMAN_SYSTEMD_UNIT',
  'io.kubernetes.pod.name',
  'io.kubernetes.pod.namespace',
  'com.hashicorp.nomad.alloc_id',
  'com.hashicorp.nomad.task_name',
  'com.amazonaws.ecs.cluster',
  'com.amazonaws.ecs.task-arn',
];

type Labels = Readonly<Record<string, string>>;

export function supervisorOf(labels: Labels): Supervisor | undefined {
  return swarm(labels) ?? systemd(labels) ?? kubernetes(labels) ?? nomad(labels) ?? ecs(labels);
}

/** By any label that Swarm writes on a task: one that is owned is not restarted, though nothing tells its place. */
function swarm(labels: Labels): Supervisor | undefined {
  const found = swarmSlot(labels);
  if (found) {
    const { service, slot } = found;
    const unit = `service ${service}, slot ${slot}`;
    return { kind: 'swarm', title: 'Swarm', unit, place: `${service}.${slot}` };
  }
  const task = labels['com.docker.swarm.task.name'] || labels['com.docker.swarm.task.id'];
  const service = labels['com.docker.swarm.service.name'] || labels['com.docker.swarm.service.id'];
  if (!service && !task) return undefined;
  return {
    kind: 'swarm',
    title: 'Swarm',
    unit: `task ${task || `of service ${service}`}`,
    ...(service && remedy('docker service update --force', service)),
  };
}

/** Podman notes the unit that runs a container; podman-compose writes the label whether there is such a unit or not. */
function systemd(labels: Labels): Supervisor | undefined {
  const unit = labels['PODMAN_SYSTEMD_UNIT'];
  if (!unit || unit.startsWith('podman-compose@')) return undefined;
  return { kind: 'systemd', title: 'systemd', unit: `unit ${unit}`, ...remedy('systemctl restart', unit) };
}

function kubernetes(labels: Labels): Supervisor | undefined {
  const pod = labels['io.kubernetes.pod.name'];
  if (!pod) return undefined;
  const namespace = labels['io.kubernetes.pod.namespace'] ?? 'default';
  return {
    kind: 'kubernetes',
    title: 'Kubernetes',
    unit: `pod ${namespace}/${pod}`,
    ...remedy('kubectl delete pod -n', namespace, pod),
  };
}

function nomad(labels: Labels): Supervisor | undefined {
  const allocation = labels['com.hashicorp.nomad.alloc_id'];
  if (!allocation) return undefined;
  const task = labels['com.hashicorp.nomad.task_name'];
  const what = task ? [allocation, task] : [allocation];
  return {
    kind: 'nomad',
    title: 'Nomad',
    unit: `allocation ${allocation}`,
    ...remedy('nomad alloc restart', ...what),
  };
}

function ecs(labels: Labels): Supervisor | undefined {
  const task = labels['com.amazonaws.ecs.task-arn'];
  if (!task) return undefined;
  const cluster = labels['com.amazonaws.ecs.cluster'] ?? 'default';
  return {
    kind: 'ecs',
    title: 'ECS',
    unit: `task ${task}`,
    ...([cluster, task].every(isWord) && { remedy: `aws ecs stop-task --cluster ${cluster} --task ${task}` }),
  };
}

const WORD = /^[\w@%+=:,./][\w@%+=:,./-]*$/;

/** Labels come from outside: one in which a shell or a program would see more than a word is not printed as a command. */
function remedy(command: string, ...words: readonly string[]): Pick<Supervisor, 'remedy'> {
  return words.every(isWord) ? { remedy: `${command} ${words.join(' ')}` } : {};
}

function isWord(text: string): boolean {
  return WORD.test(text);
}
