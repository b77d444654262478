/** What is around the stages: GPUs, infrastructure, and the sources with the age of what they say. */

import type { ContainerJson, FleetJson, GpuJson, OrphanJson } from './api-shapes.js';
import { findBrokerContainer } from './broker-container.js';
import { type BrokerView, describeBroker } from './broker-view.js';
import type { StatusCount } from './flow-model.js';
import { elapsedMs, parseTime } from './format.js';
import { countStatusesOf, type WorkerView } from './people.js';
import type { Problem } from './problems.js';
import { SEVERITY_LOOKS, type SeverityName, STATUS_LOOKS, type StatusName } from './vocabulary.js';

export interface GpuView {
  /** Index, or UUID where no index is known; with a MIG instance behind it. */
  readonly name: string;
  readonly uuid: string | null;
  readonly model: string | null;
  readonly isPresent: boolean;
  readonly lostForMs: number | null;
  readonly usedBytes: number | null;
  readonly totalBytes: number | null;
  /** 0 to 1. */
  readonly memoryRatio: number | null;
  readonly utilization: number | null;
  readonly temperature: number | null;
  readonly powerWatts: number | null;
  /** XID errors that came while the daemon watched: number of the error and how often. */
  readonly xids: readonly { readonly xid: string; readonly count: number }[];
  /** Who may use it, or holds its memory; those with the most memory first, where that is known. */
  readonly containers: readonly GpuUser[];
  readonly counts: readonly StatusCount[];
  readonly severity: SeverityName | null;
}

export interface GpuUser {
  /** Its name; of a program in no container with its pid. */
  readonly container: string;
  readonly stage: string | null;
  readonly status: StatusName;
  /** Null: nothing tells how much of the GPU's memory is its. */
  readonly memoryBytes: number | null;
}

export function listGpus(
  fleet: FleetJson,
  workers: readonly WorkerView[],
  problems: readonly Problem[],
  nowMs: number,
): readonly GpuView[] {
  const byName = new Map(workers.map((worker) => [worker.container, worker]));
  return (fleet.gpus ?? [])
    .map((gpu) => describeGpu(gpu, byName, problems, nowMs))
    .toSorted((one, other) => NAMES.compare(one.name, other.name));
}

const NAMES = new Intl.Collator('en', { numeric: true });

function describeGpu(
  gpu: GpuJson,
  workers: ReadonlyMap<string, WorkerView>,
  problems: readonly Problem[],
  nowMs: number,
): GpuView {
  const { memory, memoryByContainer } = gpu;
  const usedBytes = memory?.usedBytes ?? null;
  const totalBytes = memory?.totalBytes ? memory.totalBytes : null;
  const names = new Set([...(gpu.containers ?? []), ...Object.keys(memoryByContainer ?? {})]);
  const users = [...names].map((container): GpuUser => {
    const worker = workers.get(container);
    return {
      container,
      stage: worker?.stage ?? null,
      status: worker?.status ?? 'unknown',
      memoryBytes: memoryByContainer?.[container] ?? null,
    };
  });
  const name = gpu.index ?? gpu.uuid ?? gpu.gpu ?? '?';
  const severities = problems
    .filter((one) => one.gpu === name && one.container === null)
    .map(({ severity }) => severity)
    .toSorted((one, other) => SEVERITY_LOOKS[one].rank - SEVERITY_LOOKS[other].rank);
  const isPresent = gpu.present !== false;
  return {
    name: gpu.mig ? `${name}/${gpu.mig.profile ?? gpu.mig.id ?? 'mig'}` : name,
    uuid: gpu.uuid ?? null,
    model: gpu.model ?? null,
    isPresent,
    lostForMs: elapsedMs(parseTime(gpu.lostAt), nowMs),
    // What one that is gone last said is nothing of now.
    usedBytes: isPresent ? usedBytes : null,
    totalBytes,
    memoryRatio: isPresent ? shareOf(usedBytes, totalBytes) : null,
    utilization: isPresent ? (gpu.utilization ?? null) : null,
    temperature: isPresent ? (gpu.temperature ?? null) : null,
    powerWatts: isPresent ? (gpu.power ?? null) : null,
    xids: Object.entries(gpu.xids ?? {}).map(([xid, count]) => ({ xid, count })),
    containers: [...users, ...(gpu.orphans ?? []).map(describeOrphan)].toSorted(byMemory),
    counts: countStatusesOf(users.filter(({ container }) => workers.has(container))),
    severity: severities[0] ?? null,
  };
}

/** A program in no container has the place of one that is down: nothing of the pipeline runs in its memory. */
function describeOrphan({ pid, program, usedBytes }: OrphanJson): GpuUser {
  const container = `pid ${pid}${program ? ` (${program})` : ''}, in no container`;
  return { container, stage: null, status: 'down', memoryBytes: usedBytes ?? null };
}

/** 0 to 1, whatever an exporter says. */
function shareOf(part: number | null, whole: number | null): number | null {
  if (part === null || whole === null || whole <= 0) return null;
  return Math.min(1, Math.max(0, part / whole));
}

function byMemory(one: GpuUser, other: GpuUser): number {
  return (
    (other.memoryBytes ?? -1) - (one.memoryBytes ?? -1) ||
    STATUS_LOOKS[one.status].rank - STATUS_LOOKS[other.status].rank
  );
}

export interface InfrastructureView {
  /** What people call it: `RabbitMQ`. */
  readonly title: string;
  readonly container: string | null;
  /** active, starting, down, unknown; `slow` where its health check fails. */
  readonly status: StatusName;
  /** running, exited …, with the health check's word. */
  readonly detail: string;
  readonly uptimeMs: number | null;
  readonly downForMs: number | null;
  readonly broker: BrokerView | null;
}

export function listInfrastructure(fleet: FleetJson, nowMs: number): readonly InfrastructureView[] {
  const broker = describeBroker(fleet);
  const containers = (fleet.containers ?? []).filter(({ role }) => role === 'infrastructure');
  const brokerContainer = findBrokerContainer(fleet);
  const views = containers.map((container) =>
    describeInfrastructure(container, container === brokerContainer ? broker : null, nowMs),
  );
  if (broker === null || brokerContainer) return views;
  const isUp = (fleet.sources ?? []).find(({ source }) => source === 'rabbitmq')?.up;
  return [
    {
      title: 'RabbitMQ',
      container: null,
      status: isUp === true ? 'active' : isUp === false ? 'down' : 'unknown',
      detail: 'not in a container of this host',
      uptimeMs: null,
      downForMs: null,
      broker,
    },
    ...views,
  ];
}

function describeInfrastructure(
  container: ContainerJson,
  broker: BrokerView | null,
  nowMs: number,
): InfrastructureView {
  const { state, health } = container;
  const isRunning = state === 'running';
  return {
    title: container.title ?? container.container,
    container: container.container,
    status: infrastructureStatus(state, health),
    detail: [state ?? 'unknown', ...(health ? [health] : [])].join(', '),
    uptimeMs: isRunning ? elapsedMs(parseTime(container.startedAt), nowMs) : null,
    downForMs: isRunning ? null : elapsedMs(parseTime(container.finishedAt), nowMs),
    broker,
  };
}

function infrastructureStatus(
  state: string | null | undefined,
  health: string | null | undefined,
): StatusName {
  if (!state) return 'unknown';
  if (state === 'created' || state === 'restarting') return 'starting';
  if (state !== 'running') return 'down';
  if (health === 'starting') return 'starting';
  return health === 'unhealthy' ? 'slow' : 'active';
}

export interface SourceChip {
  readonly source: string;
  readonly target: string;
  /** Null: not read yet. */
  readonly isUp: boolean | null;
  /** It is read, but not by all the ways there are into it: `problem` says which does not answer. */
  readonly isPartial: boolean;
  /** Since it was last read whole. */
  readonly ageMs: number | null;
  readonly problem: string | null;
  /** What the operator should cure although it can be read. */
  readonly warning: string | null;
}

export function listSources(fleet: FleetJson, nowMs: number): readonly SourceChip[] {
  return (fleet.sources ?? []).map(({ source, target, up, lastSuccessAt, problem, warning }) => {
    const closed = up === true && source === 'rabbitmq' ? closedWays(fleet) : [];
    return {
      source,
      target: target ?? '',
      isUp: up ?? null,
      isPartial: closed.length > 0,
      ageMs: elapsedMs(parseTime(lastSuccessAt), nowMs),
      problem: problem ?? (closed.length > 0 ? closed.join('; ') : null),
      warning: warning ?? null,
    };
  });
}

/** `amqp does not answer: connection refused`, for each interface of the broker that is closed, or tells a part only. */
function closedWays({ broker }: FleetJson): readonly string[] {
  return (broker?.ways ?? [])
    .filter(({ up, problem }) => up === false || problem)
    .map(({ via, up, problem }) =>
      [up === false ? `${via} does not answer` : via, problem].filter(Boolean).join(': '),
    );
}

/** Of a source: its mark. */
export function chipStatus({
  isUp,
  isPartial,
  warning,
}: Pick<SourceChip, 'isUp' | 'isPartial' | 'warning'>): StatusName {
  if (isUp === null) return 'unknown';
  if (!isUp) return 'stuck';
  return isPartial || warning !== null ? 'slow' : 'active';
}

/** How far to trust what is shown: it turns amber, then red, when the data stops coming. */
export type Freshness = 'fresh' | 'aging' | 'stale';

const AGING_MS = 15_000;
const STALE_MS = 60_000;

export function freshnessOf(ageMs: number | null): Freshness {
  if (ageMs === null || ageMs >= STALE_MS) return 'stale';
  return ageMs >= AGING_MS ? 'aging' : 'fresh';
}
