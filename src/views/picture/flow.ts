/** The stages in DAG order, a row a branch: what waits, who works, how fast, and which stage holds the others up. */

import type { FleetJson, HistoryJson, QueueJson, StageJson } from './api-shapes.js';
import { findBottleneck } from './bottleneck.js';
import type { Flow, StageCard, StageQueue, StatusCount } from './flow-model.js';
import { type Problem, stageLabels } from './problems.js';
import { SEVERITY_LOOKS, type SeverityName, STATUS_NAMES } from './vocabulary.js';

export function describeFlow(
  fleet: FleetJson,
  history: HistoryJson | null,
  problems: readonly Problem[],
): Flow {
  const labels = stageLabels(fleet);
  const queues = new Map((fleet.queues ?? []).map((queue) => [queue.stage ?? '', queue]));
  const troubles = troubleByStage(problems);
  const growing = growingQueues(fleet);
  const cards = (fleet.stages ?? []).map((stage, index, all) =>
    describeStage(stage, {
      isJoined: isJoined(stage, all[index - 1]),
      label: labels.get(stage.id) ?? stage.id,
      queue: describeQueue(stage, queues.get(stage.id), { history, growing }),
      trouble: troubles.get(stage.id) ?? null,
    }),
  );
  const found = findBottleneck(cards);
  const stages = cards.map((card) => (card.id === found?.stage ? { ...card, bottleneck: found.why } : card));
  const rows = new Map<string | null, StageCard[]>();
  for (const card of stages) {
    const row = rows.get(card.branch);
    if (row) row.push(card);
    else rows.set(card.branch, [card]);
  }
  return {
    rows: [...rows].map(([branch, members]) => ({ branch, stages: members })),
    stages,
    bottleneck: stages.find(({ bottleneck }) => bottleneck !== null) ?? null,
  };
}

/** A branch that goes on behind stages of others is not joined to them; stages without a DAG to none. */
function isJoined(stage: StageJson, before: StageJson | undefined): boolean {
  if (!before || stage.configured === false || before.configured === false) return false;
  return (stage.branch ?? null) !== null && stage.branch === before.branch;
}

function troubleByStage(problems: readonly Problem[]): ReadonlyMap<string, SeverityName> {
  const troubles = new Map<string, SeverityName>();
  for (const { stage, severity } of problems.flatMap((one) => [one, ...one.consequences])) {
    if (stage === null) continue;
    const before = troubles.get(stage);
    if (!before || SEVERITY_LOOKS[severity].rank < SEVERITY_LOOKS[before].rank) troubles.set(stage, severity);
  }
  return troubles;
}

function describeStage(
  stage: StageJson,
  around: Pick<StageCard, 'label' | 'queue' | 'trouble' | 'isJoined'>,
): StageCard {
  const { id, limits, jobs } = stage;
  const meanSeconds = jobs?.durations?.meanSeconds;
  return {
    id,
    name: stage.name ?? null,
    branch: stage.branch ?? null,
    isDiscovered: stage.discovered ?? false,
    ...around,
    workers: stage.workers ?? 0,
    workersByStatus: countStatuses(stage.workersByStatus),
    orchestratorsByStatus: countStatuses(stage.orchestratorsByStatus),
    jobsPerHour: stage.jobsPerHour ?? null,
    p95JobMs: toMs(stage.p95JobSeconds),
    meanJobMs: toMs(meanSeconds),
    completed: jobs?.completed ?? null,
    failed: jobs?.failed ?? null,
    limit:
      limits?.stallMs === null || limits?.stallMs === undefined
        ? null
        : { stallMs: limits.stallMs, origin: limits.origin ?? 'default' },
    bottleneck: null,
  };
}

function toMs(seconds: number | null | undefined): number | null {
  return seconds === null || seconds === undefined ? null : seconds * 1000;
}

/** Statuses that nobody has are left out. */
export function countStatuses(
  counts: Readonly<Record<string, number>> | null | undefined,
): readonly StatusCount[] {
  return STATUS_NAMES.flatMap((status) => {
    const count = counts?.[status] ?? 0;
    return count > 0 ? [{ status, count }] : [];
  });
}

function describeQueue(
  stage: StageJson,
  queue: QueueJson | undefined,
  { history, growing }: { readonly history: HistoryJson | null; readonly growing: ReadonlySet<string> },
): StageQueue | null {
  if (!queue) return null;
  const { trend } = queue;
  const isGrowing = growing.has(`${queue.vhost ?? '/'}/${queue.queue}`);
  const series = history?.queues?.[`${queue.vhost ?? '/'}/${queue.queue}`] ?? history?.queues?.[queue.queue];
  return {
    name: queue.queue,
    status: queue.status ?? null,
    ready: queue.ready?.value ?? null,
    unacked: queue.unacked?.value ?? null,
    consumers: queue.consumers?.value ?? null,
    perMinute: trend?.perMinute ?? null,
    inPerMinute: trend?.inPerMinute ?? null,
    outPerMinute: trend?.outPerMinute ?? outPerMinute(stage),
    drainMs: isGrowing ? null : (trend?.drainMs ?? null),
    isGrowing,
    readyHistory: series?.ready ?? [],
  };
}

/** One that QueueGrowing holds open because it has risen, and no longer finds, is not among them. */
function growingQueues({ findings }: FleetJson): ReadonlySet<string> {
  const growing = (findings ?? []).filter(({ kind, overSince }) => kind === 'QueueGrowing' && !overSince);
  return new Set(growing.map(({ queue, vhost }) => `${vhost ?? '/'}/${queue ?? ''}`));
}

function outPerMinute({ jobsPerHour }: StageJson): number | null {
  return jobsPerHour === null || jobsPerHour === undefined ? null : jobsPerHour / 60;
}
