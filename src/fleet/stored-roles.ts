/** Reads the roles that a daemon run before has found, trusting nothing. */

import type { DiscoveredRole } from './discovered-role.js';

const ROLES: readonly DiscoveredRole['role'][] = ['worker', 'orchestrator', 'infrastructure'];
const MAX_QUEUES = 100;

/** What is not understood is left out: it is found again while the broker answers. */
export function parseStoredRoles(
  stored: unknown,
  max: number,
): readonly (readonly [service: string, role: DiscoveredRole])[] {
  const services = isRecord(stored) ? stored['services'] : undefined;
  if (!Array.isArray(services)) return [];
  return (services as readonly unknown[]).slice(-max).flatMap((entry) => {
    const parsed = isRecord(entry) ? parseRole(entry) : undefined;
    return parsed ? [parsed] : [];
  });
}

function parseRole(entry: Readonly<Record<string, unknown>>): readonly [string, DiscoveredRole] | undefined {
  const { service, stage, title, queues } = entry;
  const role = ROLES.find((one) => one === entry['role']);
  if (typeof service !== 'string' || role === undefined) return undefined;
  if (role === 'worker' && typeof stage !== 'string') return undefined;
  const texts = Array.isArray(queues)
    ? (queues as readonly unknown[]).filter((queue) => typeof queue === 'string').slice(0, MAX_QUEUES)
    : undefined;
  return [
    service,
    {
      role,
      ...(typeof stage === 'string' && { stage }),
      ...(texts && { queues: texts }),
      ...(typeof title === 'string' && { title }),
    },
  ];
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
