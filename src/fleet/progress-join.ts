/** Decides whose progress a report is, and puts workers and orchestrators together from containers and reports. */

import type { Classify } from './classify.js';
import type { Container } from './model.js';
import type { Orchestrator, Worker } from './progress-model.js';
import type { Tracker } from './progress-tracker.js';
import type { ReporterIndex } from './reporter-index.js';

/** Who speaks, as far as it is known now. */
export interface Place {
  /** The container's identity, else the name in the report. */
  readonly key: string;
  readonly role: 'worker' | 'orchestrator';
  readonly container: string;
  readonly identity?: string;
  readonly id?: string;
  readonly gpu?: string;
  /** Of a worker: the stage it serves. */
  readonly stage?: string;
}

export interface JoinContext {
  readonly index: ReporterIndex;
  readonly classify: Classify;
  /** The stage each worker last told of itself, by key: it stays when its file goes. */
  readonly toldStages: ReadonlyMap<string, string>;
}

/** Undefined: infrastructure, or ignored by label. */
export function placeReport(tracker: Tracker, context: JoinContext): Place | undefined {
  const { report } = tracker;
  const container = context.index.find(report.name);
  if (container) return placeContainer(container, context, report.stage);
  if (context.index.isIgnored(report.name)) return undefined;
  const guess = context.classify({ name: report.name, labels: {} }, 'progress');
  const role = report.role ?? (guess?.role === 'orchestrator' ? 'orchestrator' : 'worker');
  const base = { key: report.name, role, container: report.name };
  if (role === 'orchestrator') return base;
  const described = context.classify(
    { name: report.name, labels: { 'stagewatch.role': 'worker' } },
    'progress',
  );
  const stage = chooseStage(described, report.stage ?? context.toldStages.get(report.name));
  return {
    ...base,
    ...(stage !== undefined && { stage }),
    ...(described?.gpu !== undefined && { gpu: described.gpu }),
  };
}

export function placeContainer(
  container: Container,
  { toldStages }: JoinContext,
  reportedStage?: string,
): Place | undefined {
  const { identity, id, role, gpu } = container;
  if (role === 'infrastructure') return undefined;
  const base = { key: identity, role, container: container.name, identity, id };
  if (role === 'orchestrator') return base;
  const stage = chooseStage(container, reportedStage ?? toldStages.get(identity));
  return { ...base, ...(stage !== undefined && { stage }), ...(gpu !== undefined && { gpu }) };
}

/** Label and configuration win over what a file says, and that wins over a guess from the name. */
function chooseStage(
  classified: { readonly stage?: string; readonly isStageGuessed?: true } | undefined,
  told: string | undefined,
): string | undefined {
  return classified?.isStageGuessed ? (told ?? classified.stage) : (classified?.stage ?? told);
}

export function describeWorker(place: Place, tracker: Tracker | undefined): Worker {
  const { key: _key, ...rest } = place;
  const job = tracker?.tracked?.job;
  return {
    ...rest,
    role: 'worker',
    ...(job && { job }),
    ...(tracker?.unreadable && { unreadable: tracker.unreadable }),
  };
}

export function describeOrchestrator(place: Place, tracker: Tracker | undefined): Orchestrator {
  const { container, identity, id } = place;
  const report = tracker?.report;
  const job = tracker?.tracked?.job;
  return {
    role: 'orchestrator',
    container,
    ...(identity !== undefined && { identity }),
    ...(id !== undefined && { id }),
    ...(report?.state !== undefined && { state: report.state }),
    ...(report?.stage !== undefined && { stage: report.stage }),
    completed: report?.completed ?? [],
    ...(report?.document !== undefined && { document: report.document }),
    ...(job && { job }),
    ...(tracker?.unreadable && { unreadable: tracker.unreadable }),
  };
}

export interface PlacedReport {
  readonly place: Place | undefined;
  readonly tracker: Tracker;
}

export interface Joined {
  readonly place: Place;
  readonly tracker?: Tracker;
}

/** Every container that works, with or without a report, and every report, with or without a container. */
export function joinReports(
  containers: Iterable<Container>,
  reports: readonly PlacedReport[],
  context: JoinContext,
): ReadonlyMap<string, Joined> {
  const joined = new Map<string, Joined>();
  for (const container of containers) {
    const place = placeContainer(container, context);
    if (place) joined.set(place.key, { place });
  }
  for (const { place, tracker } of reports) {
    if (!place) continue;
    const rival = joined.get(place.key)?.tracker;
    // A dead worker's file may still lie there beside its successor's.
    if (!rival || tracker.heardAtMs > rival.heardAtMs) joined.set(place.key, { place, tracker });
  }
  return joined;
}
