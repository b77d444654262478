/** Decides whose progress a report is, and puts workers and orchestrators together from containers and reports. */

import type { Classify } from './classify.js';
import type { BrokerHold } from './hold-model.js';
import type { Container } from './model.js';
import type { Orchestrator, ProgressReport, Worker } from './progress-model.js';
import type { Tracker } from './progress-tracker.js';
import type { ReporterIndex } from './reporter-index.js';
import { chooseStage, type ToldMemory } from './told-memory.js';

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
  /** Of a worker: the queue it said that it takes its jobs from. */
  readonly queue?: string;
}

export interface JoinContext extends ReporterIndex {
  readonly classify: Classify;
  readonly toldStages: ToldMemory;
  readonly toldQueues: ToldMemory;
}

/** For what is built field by field, because it is built thousands at a time and spreading each field costs more. */
type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** Undefined: infrastructure, or ignored by label. */
export function placeReport(report: ProgressReport, context: JoinContext): Place | undefined {
  const container = context.find(report.name);
  if (container) return placeContainer(container, context);
  if (context.isIgnored(report.name)) return undefined;
  const guess = context.classify({ name: report.name, labels: {} }, 'progress');
  const role = report.role ?? (guess?.role === 'orchestrator' ? 'orchestrator' : 'worker');
  const base = { key: report.name, role, container: report.name };
  if (role === 'orchestrator') return base;
  const described = context.classify(
    { name: report.name, labels: { 'stagewatch.role': 'worker' } },
    'progress',
  );
  const stage = chooseStage(described, context.toldStages.get(report.name));
  const queue = context.toldQueues.get(report.name);
  return {
    ...base,
    ...(stage !== undefined && { stage }),
    ...(queue !== undefined && { queue }),
    ...(described?.gpu !== undefined && { gpu: described.gpu }),
  };
}

export function placeContainer(
  container: Container,
  { toldStages, toldQueues }: Pick<JoinContext, 'toldStages' | 'toldQueues'>,
): Place | undefined {
  const { identity, id, role, gpu } = container;
  if (role === 'infrastructure' || role === 'other') return undefined;
  const place: Mutable<Place> = { key: identity, role, container: container.name, identity, id };
  if (role === 'orchestrator') return place;
  const stage = chooseStage(container, toldStages.get(identity));
  if (stage !== undefined) place.stage = stage;
  // Of several the figures of one would stand for all.
  const only = container.queues?.length === 1 ? container.queues[0] : undefined;
  const queue = toldQueues.get(identity) ?? only;
  if (queue !== undefined) place.queue = queue;
  if (gpu !== undefined) place.gpu = gpu;
  return place;
}

export function describeWorker(place: Place, tracker: Tracker | undefined, hold?: BrokerHold): Worker {
  const worker: Mutable<Worker> = { role: 'worker', container: place.container };
  if (place.identity !== undefined) worker.identity = place.identity;
  if (place.id !== undefined) worker.id = place.id;
  if (place.stage !== undefined) worker.stage = place.stage;
  if (place.queue !== undefined) worker.queue = place.queue;
  if (place.gpu !== undefined) worker.gpu = place.gpu;
  if (hold) worker.hold = hold;
  if (tracker?.tracked) worker.job = tracker.tracked.job;
  if (tracker?.isByMessage) worker.isByMessage = true;
  if (tracker?.unreadable) worker.unreadable = tracker.unreadable;
  return worker;
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
    ...(tracker?.isByMessage && { isByMessage: true }),
    ...(tracker?.unreadable && { unreadable: tracker.unreadable }),
  };
}
