/** Puts a container of the picture together from the engine's facts, its classification and what its ledger has counted. */

import { singleDevice } from './gpu-links.js';
import { composeService, projectOf, replicaNames, swarmSlot } from './identity.js';
import { isRestartAllowedBy } from './label-faults.js';
import type { RestartLedger } from './ledger.js';
import type { Classification, Container } from './model.js';
import type { ContainerFacts, ListedContainer } from './observations.js';
import { supervisorOf } from './supervisor.js';
import { chooseStage } from './told-memory.js';

export interface KnownContainer {
  readonly facts: ListedContainer & Partial<ContainerFacts>;
  readonly identity: string;
  readonly seenAtMs: number;
  /** Why the engine's answer about it cannot be read; the facts are those before. */
  readonly problem?: string;
}

/**
 * Where no label says which GPU it is, the engine's one device says it better than a name.
 * A UUID does not replace the index in a name: it names the same GPU in a form that is harder to join.
 */
export function gpuByEngine(
  { labels, gpuRequest }: KnownContainer['facts'],
  { gpu }: Classification,
): { gpu?: string } {
  if (labels['stagewatch.gpu']) return {};
  const device = singleDevice(gpuRequest);
  if (device === undefined || (gpu !== undefined && !/^\d+$/.test(device))) return {};
  return { gpu: device };
}

/** A stage that is only guessed gives way to what the worker tells of itself, so that all families agree. */
export function stageByWorker(
  classification: Classification,
  told: string | undefined,
): Pick<Container, 'stage' | 'isStageTold'> {
  if (classification.role !== 'worker') return {};
  const stage = chooseStage(classification, told);
  return {
    ...(stage !== undefined && { stage }),
    ...(classification.isStageGuessed && told !== undefined && { isStageTold: true }),
  };
}

export function endRequested(
  { state }: KnownContainer['facts'],
  { requests }: RestartLedger,
): Pick<Container, 'endRequested'> {
  const { askedAtMs, killedAtMs } = requests;
  if (askedAtMs === undefined || (state !== 'running' && state !== 'paused')) return {};
  return { endRequested: { atMs: askedAtMs, ...(killedAtMs !== undefined && { killedAtMs }) } };
}

export function describeContainer({ facts, identity, seenAtMs, problem }: KnownContainer) {
  const project = projectOf(facts.labels);
  const service = swarmSlot(facts.labels)?.service ?? composeService(facts.labels);
  const replicas = replicaNames(facts);
  const restart = facts.labels['stagewatch.restart'];
  const supervisor = supervisorOf(facts.labels);
  return {
    identity,
    id: facts.id,
    name: facts.name,
    image: facts.image,
    state: facts.state,
    createdAtMs: facts.createdAtMs,
    seenAtMs,
    ...(project !== undefined && { project }),
    ...(service !== undefined && { service }),
    ...(replicas.length > 0 && { replicaNames: replicas }),
    ...(problem !== undefined && { unreadable: problem }),
    ...(facts.health !== undefined && { health: facts.health }),
    ...(facts.startedAtMs !== undefined && { startedAtMs: facts.startedAtMs }),
    ...(facts.engineStartMs !== undefined && { engineStartMs: facts.engineStartMs }),
    ...(facts.finishedAtMs !== undefined && { finishedAtMs: facts.finishedAtMs }),
    ...(facts.error !== undefined && { error: facts.error }),
    ...(facts.gpuRequest !== undefined && { gpuRequest: facts.gpuRequest }),
    ...(supervisor && { supervisor }),
    ...(restart !== undefined && { isRestartAllowed: isRestartAllowedBy(restart) }),
  };
}
