/** Everything that is known of one container now, for /api/v1/containers/NAME/why. */

import type { Verdicts } from '../detectors/verdicts.js';
import type { Fleet } from '../fleet/model.js';
import type { RecoveryPicture } from '../recovery/recovery.js';
import { renderFleetJson } from './fleet-json.js';
import { toIso } from './iso-time.js';
import { renderRecovery } from './recovery-json.js';

export interface WhyFacts {
  readonly fleet: Fleet;
  readonly verdicts: Verdicts;
  readonly recovery: RecoveryPicture;
  readonly nowMs: number;
}

/** An id is known by so many of its digits. */
const MIN_ID = 4;

/** By its name or the beginning of its id; undefined: there is none. */
export function renderWhy(asked: string, { fleet, verdicts, recovery, nowMs }: WhyFacts) {
  const name = findName(asked, fleet);
  if (name === undefined) return undefined;
  const { at, containers, workers, orchestrators, stages, queues, sources, findings } = renderFleetJson(
    fleet,
    verdicts,
    nowMs,
  );
  const isIts = (one: { readonly container: string | null }): boolean => one.container === name;
  const worker = workers.find(isIts) ?? null;
  const container = containers.find(isIts) ?? null;
  const stage = worker?.stage ?? container?.stage ?? null;
  const plans = renderRecovery(recovery, nowMs);
  return {
    at,
    container,
    worker,
    orchestrator: orchestrators.find(isIts) ?? null,
    stage: stages.find(({ id }) => id === stage) ?? null,
    queues: queues.filter((queue) => stage !== null && queue.stage === stage),
    processes: renderProcesses(name, fleet),
    stacks: renderStacks(name, fleet),
    gpuMemory: fleet.gpuHoldings.filter(isIts).map(({ gpu, uuid, usedBytes }) => ({ gpu, uuid, usedBytes })),
    logErrors: renderLogErrors(name, fleet),
    findings: findings.filter(
      (one) => isIts(one) || (one.container === null && one.stage === stage && stage !== null),
    ),
    recovery: {
      enabled: plans.enabled,
      dryRun: plans.dryRun,
      plan: plans.workers.find(isIts) ?? null,
      recent: plans.recent.filter(isIts),
    },
    failedSources: sources.filter(({ up }) => up === false),
  };
}

/** Of containers, and of workers and orchestrators known by their progress alone. */
function namesOf({ containers, workers, orchestrators }: Fleet): readonly string[] {
  const named = [...containers.values()].map(({ name }) => name);
  const progressing = [...workers.values(), ...orchestrators.values()].map(({ container }) => container);
  return [...new Set([...named, ...progressing])];
}

function findName(asked: string, fleet: Fleet): string | undefined {
  const wanted = asked.replace(/^\//, '');
  const named = namesOf(fleet).find((name) => name === wanted);
  if (named !== undefined || wanted.length < MIN_ID) return named;
  const alike = [...fleet.containers.values()].filter(({ id }) => id.startsWith(wanted));
  return alike.length === 1 ? alike[0]?.name : undefined;
}

function renderProcesses(name: string, fleet: Fleet) {
  const known = fleet.processes.get(identityOf(name, fleet));
  return known ? { at: toIso(known.atMs), lines: known.lines } : null;
}

function renderStacks(name: string, fleet: Fleet) {
  const known = fleet.stacks.get(identityOf(name, fleet));
  return known ? { at: toIso(known.atMs), summary: known.summary, lines: known.lines } : null;
}

/** Of each pattern the last episode, the newest first. */
function renderLogErrors(name: string, { logTroubles }: Fleet) {
  return [...logTroubles.values()]
    .filter(({ container }) => container === name)
    .toSorted((one, other) => other.atMs - one.atMs)
    .map(({ pattern, count, line, atMs }) => ({ pattern, count, line, at: toIso(atMs) }));
}

function identityOf(name: string, { containers }: Fleet): string {
  return [...containers.values()].find((one) => one.name === name)?.identity ?? name;
}
