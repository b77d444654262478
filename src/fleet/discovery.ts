/**
 * Finds out from the broker's clients who is who: a service that consumes a work queue is a stage, one that publishes and
 * consumes none an orchestrator, and a known server in the project of either is infrastructure.
 *
 * What was found once stays: a broker that is away, or a worker that lost its consumer, changes the role of none. A new
 * finding counts when two reads in a row agree on it.
 */

import { isSameData } from '../lib/same-data.js';
import type { ClientContainer, ClientIndex } from './client-index.js';
import type { ClientsReading } from './client-model.js';
import type { DiscoveredRole } from './discovered-role.js';
import { composeService, type Nameable, projectOf, swarmSlot } from './identity.js';
import { titleOfImage } from './known-images.js';
import type { QueueKind } from './queue-model.js';
import { parseStoredRoles } from './stored-roles.js';

export interface Discovery {
  roleOf(container: Nameable): DiscoveredRole | undefined;
  /** True when the role of a service has changed. */
  apply(clients: ClientsReading, scene: DiscoveryScene): boolean;
  /** Takes over what a daemon run before has saved, of unknown shape; true when there was something. */
  restore(stored: unknown): boolean;
  save(): unknown;
}

export interface DiscoveryScene {
  readonly containers: readonly ClientContainer[];
  /** Of these. */
  readonly index: ClientIndex;
  /** Undefined: a queue that is not watched. */
  readonly kindOf: (queue: string) => QueueKind | undefined;
  /** The stage that is configured with the queue. */
  readonly stageOf: (queue: string) => string | undefined;
}

/** Services that are remembered; the longest known go first. */
const MAX_SERVICES = 2000;
const TRAILING_NUMBER = /[-_.]\d+$/;
/** `172.29.0.2:41234 -> 172.29.0.3:5672`. */
const CONNECTION = /-> \[?(?<host>[^\s\]]+)\]?:\d+$/;

interface Seen {
  readonly container: ClientContainer;
  readonly queues: Set<string>;
  isPublishing: boolean;
  /** It takes events, as a monitor does, or from a queue that is not watched: that it publishes makes it no orchestrator. */
  isMonitor: boolean;
}

export function createDiscovery(): Discovery {
  const roles = new Map<string, DiscoveredRole>();
  /** What the read before found. */
  let candidates: ReadonlyMap<string, DiscoveredRole> = new Map();

  function accept(found: ReadonlyMap<string, DiscoveredRole>): boolean {
    let hasChanged = false;
    for (const [service, role] of found) {
      if (!isSameData(candidates.get(service), role) || isSameData(roles.get(service), role)) continue;
      roles.set(service, role);
      hasChanged = true;
    }
    candidates = found;
    for (const service of roles.keys()) {
      if (roles.size <= MAX_SERVICES) break;
      roles.delete(service);
    }
    return hasChanged;
  }

  return {
    roleOf: (container) => roles.get(serviceOf(container)),
    apply(clients, scene) {
      const found = new Map<string, DiscoveredRole>();
      const seen = gather(clients, scene);
      for (const [service, one] of seen) {
        const role = judge(service, one, roles.get(service), scene);
        if (role) found.set(service, role);
      }
      for (const [service, role] of findServers(clients, scene, { roles, found })) found.set(service, role);
      return accept(found);
    },
    restore(stored) {
      const restored = parseStoredRoles(stored, MAX_SERVICES);
      for (const [service, role] of restored) if (!roles.has(service)) roles.set(service, role);
      return restored.length > 0;
    },
    save: () => ({ services: [...roles].map(([service, role]) => ({ service, ...role })) }),
  };
}

/** Replicas of one service are one: `project/service`, in Swarm `swarm:service`, else the container's name, which has neither sign. */
function serviceOf(container: Nameable): string {
  const place = swarmSlot(container.labels);
  if (place) return `swarm:${place.service}`;
  const service = composeService(container.labels);
  return service === undefined ? container.name : `${projectOf(container.labels) ?? ''}/${service}`;
}

function gather({ channels }: ClientsReading, { index, kindOf }: DiscoveryScene): ReadonlyMap<string, Seen> {
  const seen = new Map<string, Seen>();
  for (const channel of channels) {
    const container = index.find(channel);
    if (!container) continue;
    const service = serviceOf(container);
    const one = seen.get(service) ?? { container, queues: new Set(), isPublishing: false, isMonitor: false };
    seen.set(service, one);
    for (const { queue } of channel.consumes) {
      const kind = kindOf(queue);
      if (kind === 'work') one.queues.add(queue);
      if (kind === 'event' || (kind === undefined && !isReplyName(queue))) one.isMonitor = true;
    }
    if ((channel.published ?? 0) > 0) one.isPublishing = true;
  }
  return seen;
}

/** The broker gives such names to reply queues, which are not watched. */
function isReplyName(queue: string): boolean {
  return queue.startsWith('amq.');
}

function judge(
  service: string,
  { container, queues, isPublishing, isMonitor }: Seen,
  known: DiscoveredRole | undefined,
  scene: DiscoveryScene,
): DiscoveredRole | undefined {
  // A database that seems to consume is none of the pipeline's workers: who calls himself so is not believed.
  const isServer = titleOfImage(container.image) !== undefined;
  if (queues.size > 0 && !isServer) {
    // A consumer that is lost for now takes no queue from its service.
    const before = known?.queues ?? [];
    const isPart = [...queues].every((queue) => before.includes(queue));
    return asWorker(service, isPart ? before : [...queues].sort(), container, scene);
  }
  if (!isPublishing || isMonitor || isServer || known?.role === 'worker') return undefined;
  return { role: 'orchestrator' };
}

function asWorker(
  service: string,
  queues: readonly string[],
  container: ClientContainer,
  { stageOf }: DiscoveryScene,
): DiscoveredRole {
  const [first = service] = queues;
  const configured = queues.flatMap((queue) => stageOf(queue) ?? []);
  const own = swarmSlot(container.labels)?.bareService ?? composeService(container.labels);
  const name = queues.length === 1 ? first : (own ?? container.name.replace(TRAILING_NUMBER, ''));
  return { role: 'worker', stage: configured[0] ?? name, queues };
}

/** The broker itself, and known servers that run in a project of which somebody is a client of it. */
function findServers(
  { channels }: ClientsReading,
  { containers, index }: DiscoveryScene,
  { roles, found }: Readonly<Record<'roles' | 'found', ReadonlyMap<string, DiscoveredRole>>>,
): ReadonlyMap<string, DiscoveredRole> {
  const addresses = new Set(
    channels.flatMap(({ connection }) => CONNECTION.exec(connection)?.groups?.['host'] ?? []),
  );
  const brokers = new Set([...addresses].flatMap((address) => index.at(address) ?? []));
  const isClient = (service: string): boolean => {
    const role = (roles.get(service) ?? found.get(service))?.role;
    return role === 'worker' || role === 'orchestrator';
  };
  const projects = new Set(
    containers.flatMap((one) => (isClient(serviceOf(one)) ? (projectOf(one.labels) ?? []) : [])),
  );
  const servers = new Map<string, DiscoveredRole>();
  for (const container of containers) {
    const service = serviceOf(container);
    if (isClient(service)) continue;
    const title = brokers.has(container) ? 'RabbitMQ' : titleOfImage(container.image);
    const isNear = brokers.has(container) || projects.has(projectOf(container.labels) ?? '');
    if (title !== undefined && isNear) servers.set(service, { role: 'infrastructure', title });
  }
  return servers;
}
