/** Who a container is across re-creations: its place in Compose or Swarm, else its name, never its id. */

export interface Nameable {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
}

export function composeProject(labels: Nameable['labels']): string | undefined {
  return labels['com.docker.compose.project'] || undefined;
}

/** The Compose project, or the stack of Swarm. */
export function projectOf(labels: Nameable['labels']): string | undefined {
  return composeProject(labels) ?? (labels['com.docker.stack.namespace'] || undefined);
}

export function composeService(labels: Nameable['labels']): string | undefined {
  return labels['com.docker.compose.service'] || undefined;
}

export function composeNumber(labels: Nameable['labels']): string | undefined {
  return labels['com.docker.compose.container-number'] || undefined;
}

/** A one-off container (`docker compose run`) carries the labels of its service and is no replica of it. */
export function isOneOff(labels: Nameable['labels']): boolean {
  return labels['com.docker.compose.oneoff']?.toLowerCase() === 'true';
}

export interface SwarmSlot {
  /** With the name of its stack, as Swarm writes it: `pipe_paddle-worker`. */
  readonly service: string;
  /** Without it. */
  readonly bareService: string;
  /** A number; of a global service the id of the node. */
  readonly slot: string;
}

/** A task of Swarm is called `service.slot.id`, and its container too. */
export function swarmSlot(labels: Nameable['labels']): SwarmSlot | undefined {
  const task = labels['com.docker.swarm.task.name'] ?? '';
  const service = labels['com.docker.swarm.service.name'] || task.split('.').slice(0, -2).join('.');
  if (!service || !task.startsWith(`${service}.`)) return undefined;
  const [slot = ''] = task.slice(service.length + 1).split('.');
  const stack = `${labels['com.docker.stack.namespace'] ?? ''}_`;
  const bareService = service.startsWith(stack) ? service.slice(stack.length) : service;
  return slot === '' ? undefined : { service, bareService, slot };
}

/** Names of the replica without its project or stack, by which configuration and progress files may call it. */
export function replicaNames({ name, labels }: Nameable): readonly string[] {
  const place = swarmSlot(labels);
  if (place) {
    const { service, bareService, slot } = place;
    return [...new Set([`${service}.${slot}`, `${service}-${slot}`, `${bareService}-${slot}`])];
  }
  const service = composeService(labels);
  const number = composeNumber(labels);
  const isReplica = identityOf({ name, labels }) !== name;
  return isReplica && service !== undefined && number !== undefined ? [`${service}-${number}`] : [];
}

/** `project/service/number` of Compose, `service.slot` of Swarm, else the name. */
export function identityOf({ name, labels }: Nameable): string {
  const place = swarmSlot(labels);
  if (place) return `${place.service}.${place.slot}`;
  const project = composeProject(labels);
  const service = composeService(labels);
  const number = composeNumber(labels);
  if (isOneOff(labels) || !project || !service || !number) return name;
  return `${project}/${service}/${number}`;
}
