/** The fleet as JSON for /api/v1/fleet; times are ISO 8601, absent facts are null. */

import type { Verdicts } from '../detectors/verdicts.js';
import type { CpuActivity } from '../fleet/cpu-model.js';
import type { Container, Fleet, SourceHealth } from '../fleet/model.js';
import type { Supervisor } from '../fleet/supervisor.js';
import { renderFailures } from './failures-json.js';
import { renderFindings } from './findings-json.js';
import { renderGpus } from './gpu-json.js';
import { type FleetHistory, NO_HISTORY } from './history/fleet-history.js';
import { toIso } from './iso-time.js';
import { renderProgress } from './progress-json.js';
import { renderBroker, renderQueue } from './queue-json.js';
import { renderStages } from './stages-json.js';

export function renderFleetJson(
  fleet: Fleet,
  verdicts: Verdicts,
  nowMs: number,
  history: Pick<FleetHistory, 'trendOf' | 'paceOf'> = NO_HISTORY,
) {
  return {
    at: toIso(nowMs),
    sources: [...fleet.sources.values()].map(renderSource),
    containers: [...fleet.containers.values()].map((container) =>
      renderContainer(container, fleet.cpu.get(container.identity)),
    ),
    stages: renderStages(fleet, verdicts, history.paceOf),
    gpus: renderGpus(fleet),
    queues: [...fleet.queues].map(([key, queue]) => renderQueue(queue, history.trendOf(key))),
    broker: fleet.broker ? renderBroker(fleet.broker) : null,
    ...renderProgress(fleet, verdicts),
    failures: renderFailures(fleet.sentinels),
    findings: renderFindings(verdicts),
  };
}

function renderSource(source: SourceHealth) {
  return {
    source: source.source,
    target: source.target,
    up: source.isUp ?? null,
    lastSuccessAt: toIso(source.lastSuccessAtMs),
    lastAttemptAt: toIso(source.lastAttemptAtMs),
    durationMs: source.lastDurationMs ?? null,
    problem: source.problem ?? null,
    warning: source.warning ?? null,
    failures: source.failures,
  };
}

function renderSupervisor(supervisor: Supervisor | undefined) {
  if (!supervisor) return null;
  const { title, unit, remedy } = supervisor;
  return { title, unit, remedy: remedy ?? null };
}

function renderContainer(container: Container, cpu: CpuActivity | undefined) {
  return {
    container: container.name,
    id: container.id,
    image: container.image,
    role: container.role,
    discovered: container.isDiscovered ?? false,
    queues: container.queues ?? [],
    title: container.title ?? null,
    stage: container.stage ?? null,
    gpu: container.gpu ?? null,
    replica: container.replica ?? null,
    project: container.project ?? null,
    service: container.service ?? null,
    supervisor: renderSupervisor(container.supervisor),
    state: container.state,
    health: container.health ?? null,
    createdAt: toIso(container.createdAtMs),
    startedAt: toIso(container.startedAtMs),
    finishedAt: toIso(container.finishedAtMs),
    lastExitCode: container.lastExitCode ?? null,
    error: container.error ?? null,
    restarts: container.counters.restarts,
    exits: container.counters.exits,
    stops: container.counters.stops,
    oomEvents: container.counters.oomEvents,
    cpuSeconds: cpu?.usedSeconds ?? null,
    cpuRecentCores: recentCores(cpu),
    seenAt: toIso(container.seenAtMs),
  };
}

/** Cores in use on average over about the last minute. */
function recentCores(cpu: CpuActivity | undefined): number | null {
  if (cpu?.recentSeconds === undefined || cpu.recentMs === undefined) return null;
  return cpu.recentSeconds / (cpu.recentMs / 1000);
}
