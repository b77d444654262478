/** Who a container is across re-creations: its place in compose or Swarm, else its name, never its id. */

import { supervisorOf } from './supervisor.js';

export interface Nameable {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
}

export function composeProject(labels: Nameable['labels']): string | undefined {
  return labels['com.docker.compose.project'] || undefined;
}

export function composeService(labels: Nameable['labels']): string | undefined {
  return labels['com.docker.compose.service'] || undefined;
}

export function composeNumber(labels: Nameable['labels']): string | undefined {
  return labels['com.docker.compose.container-number'] || undefined;
}

/**
 * `project/service/number`, `service.slot` of a Swarm task, or the name.
 * One-off containers (`docker compose run`) carry the labels of their service but are not its replicas.
 */
export function identityOf({ name, labels }: Nameable): string {
  const { place } = supervisorOf(labels) ?? {};
  if (place !== undefined) return place;
  const project = composeProject(labels);
  const service = composeService(labels);
  const number = composeNumber(labels);
  const isOneOff = labels['com.docker.compose.oneoff']?.toLowerCase() === 'true';
  if (isOneOff || !project || !service || !number) return name;
  return `${project}/${service}/${number}`;
}
