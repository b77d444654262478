/** Decides what a container is to the pipeline: by its labels, else the configuration, else its name, else what it is to the broker; the rest is `other`. */

import type { Config } from '../config/schema.js';
import type { StageConfig } from '../config/stages-section.js';
import { matchesAnyGlob } from '../lib/glob.js';
import type { DiscoveredRole } from './discovered-role.js';
import {
  composeNumber,
  composeProject,
  composeService,
  isOneOff,
  type Nameable,
  replicaNames,
  swarmSlot,
} from './identity.js';
import { type Classification, ROLES, type Role } from './model.js';

/** Undefined: not shown at all. `discovered`: what the broker's clients say of it. */
export type Classify = (
  container: Nameable,
  knownFrom?: 'engine' | 'progress',
  discovered?: DiscoveredRole,
) => Classification | undefined;

export type ClassifyConfig = Pick<Config, 'orchestrators' | 'infrastructure'> & {
  readonly stages: readonly Pick<StageConfig, 'id' | 'workers'>[];
  readonly docker: Pick<Config['docker'], 'compose_project'> & Partial<Pick<Config['docker'], 'others'>>;
  /** The backup is infrastructure, also where nobody lists it there. */
  readonly detection?: Pick<Config['detection'], 'backup'>;
};

/** `paddle-worker-gpu1-0`: kind, GPU, replica. */
const GPU_NAME = /^(?<kind>.+?)[-_.]gpu(?<gpu>\d+)(?:[-_.](?<replica>\d+))?$/;
const WORKER_NAME = /(?:^|[-_.])workers?(?:[-_.]|$)/;
const TRAILING_NUMBER = /[-_.](\d+)$/;

const OTHER: Classification = { role: 'other' };

interface NameParts {
  readonly kind: string;
  readonly gpu?: string;
  readonly replica?: string;
}

export function createClassifier(config: ClassifyConfig): Classify {
  return (container, knownFrom = 'engine', discovered) => {
    const { labels } = container;
    // A name from a progress file has no labels: nothing tells its project.
    const project = knownFrom === 'engine' ? config.docker.compose_project : null;
    if (project !== null && composeProject(labels) !== project) return undefined;
    const labelledRole = labels['stagewatch.role'];
    if (labelledRole === 'ignore') return undefined;
    const isOtherShown = config.docker.others === 'show' && knownFrom === 'engine';
    const other = isOtherShown ? OTHER : undefined;
    if (isOutsideByLabel(labels)) return other && { ...other, isOtherByLabel: true };
    return classifyInside(container, config, discovered) ?? other;
  };
}

function classifyInside(
  container: Nameable,
  config: ClassifyConfig,
  discovered: DiscoveredRole | undefined,
): Classification | undefined {
  const { labels } = container;
  const configured = classifyByConfig(container, config);
  const role =
    toRole(labels['stagewatch.role']) ?? (labels['stagewatch.stage'] ? 'worker' : configured?.role);
  if (role === undefined) return discovered && describeDiscovered(container, discovered);
  const described = describe(container, role, role === configured?.role ? configured : undefined);
  return role === 'worker' && discovered?.role === 'worker' ? withQueues(described, discovered) : described;
}

/** A one-off has the labels of its service, ours too: none of them was meant for it. */
export function isOutsideByLabel(labels: Nameable['labels']): boolean {
  const role = labels['stagewatch.role'];
  return role === 'ignore' || role === 'other' || isOneOff(labels);
}

/** The stage stays a guess: the worker itself knows it better. */
function describeDiscovered(container: Nameable, discovered: DiscoveredRole): Classification {
  const { role, stage, title } = discovered;
  const { gpu, replica } = nameParts(container);
  const described: Classification = {
    role,
    isDiscovered: true,
    ...(stage !== undefined && { stage, isStageGuessed: true }),
    ...(gpu !== undefined && { gpu }),
    ...(replica !== undefined && { replica }),
    ...(title !== undefined && { title }),
  };
  return withQueues(described, discovered);
}

/** A queue that is consumed says the stage better than a name does. */
function withQueues(described: Classification, { stage, queues }: DiscoveredRole): Classification {
  return {
    ...described,
    ...(described.isStageGuessed && stage !== undefined && { stage }),
    ...(queues && { queues }),
  };
}

function toRole(label: string | undefined): Role | undefined {
  return ROLES.find((role) => role === label);
}

interface ConfiguredRole {
  readonly role: Role;
  readonly stage?: string;
  readonly title?: string;
}

function classifyByConfig(container: Nameable, config: ClassifyConfig): ConfiguredRole | undefined {
  const names = [container.name, ...serviceNames(container.labels), ...replicaNames(container)];
  const matches = (globs: readonly string[]): boolean => names.some((name) => matchesAnyGlob(globs, name));
  // Workers come first: `grobid-worker-*` is a worker although `*grobid*` is infrastructure.
  const stage = config.stages.find(({ workers }) => matches(workers));
  if (stage) return { role: 'worker', stage: stage.id };
  if (matches(config.orchestrators)) return { role: 'orchestrator' };
  if (names.some((name) => GPU_NAME.test(name) || WORKER_NAME.test(name))) return { role: 'worker' };
  for (const [title, globs] of Object.entries(config.infrastructure)) {
    if (matches(globs)) return { role: 'infrastructure', title };
  }
  return matches(config.detection?.backup ?? []) ? { role: 'infrastructure', title: 'Backup' } : undefined;
}

function serviceNames(labels: Nameable['labels']): readonly string[] {
  const place = swarmSlot(labels);
  if (place) return [place.service, place.bareService];
  const service = composeService(labels);
  return service === undefined ? [] : [service];
}

function describe(container: Nameable, role: Role, configured: ConfiguredRole | undefined): Classification {
  const { labels } = container;
  const parts = nameParts(container);
  const gpu = labels['stagewatch.gpu'] || parts.gpu;
  const told = labels['stagewatch.stage'] || configured?.stage;
  const stage = role === 'worker' ? told || parts.kind : undefined;
  const title = role === 'infrastructure' ? (configured?.title ?? container.name) : undefined;
  return {
    role,
    ...(stage !== undefined && { stage }),
    ...(stage !== undefined && !told && { isStageGuessed: true }),
    ...(gpu !== undefined && { gpu }),
    ...(parts.replica !== undefined && { replica: parts.replica }),
    ...(title !== undefined && { title }),
  };
}

/** Kind, GPU and replica from the compose service if it says more than the container's own name does. */
function nameParts({ name, labels }: Nameable): NameParts {
  const place = swarmSlot(labels);
  const service = place?.bareService ?? composeService(labels);
  const number = place?.slot ?? composeNumber(labels);
  for (const candidate of [service, name]) {
    const groups = candidate === undefined ? undefined : GPU_NAME.exec(candidate)?.groups;
    if (groups?.['kind'] !== undefined && groups['gpu'] !== undefined) {
      const replica = groups['replica'] ?? number;
      return { kind: groups['kind'], gpu: groups['gpu'], ...(replica !== undefined && { replica }) };
    }
  }
  const replica = number ?? TRAILING_NUMBER.exec(name)?.[1];
  return { kind: service ?? name.replace(TRAILING_NUMBER, ''), ...(replica !== undefined && { replica }) };
}
