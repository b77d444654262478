/**
 * Decides for each open finding which other one it follows from: a common cause, a document that brings workers down, a
 * crash loop, the worker that has an orchestrator's document, or the stage or pipeline that stands still behind it.
 */

import type { CommonCause } from './common-cause.js';
import type { Finding, FindingKind } from './finding.js';
import { type PoisonedWorkers, poisonOf } from './poisoned-workers.js';
import type { Scene } from './scene.js';
import type { WorkerStatus } from './verdicts.js';

export interface CauseFacts {
  readonly scene: Scene;
  readonly causes: readonly CommonCause[];
  readonly poisoned: PoisonedWorkers;
  /** Open findings, by id. */
  readonly open: ReadonlyMap<string, Finding>;
}

/** Each may have what an orchestrator waits for. */
const OF_A_WORKER: ReadonlySet<FindingKind> = new Set<FindingKind>([
  'WorkerStuck',
  'WorkerDown',
  'JobOrphaned',
]);
/** Are about a document themselves. */
const OF_A_DOCUMENT: ReadonlySet<FindingKind> = new Set<FindingKind>([
  'WorkerStuck',
  'JobOrphaned',
  'OrchestratorStuck',
]);
const OF_A_CRASH: ReadonlySet<FindingKind> = new Set<FindingKind>(['WorkerDown', 'WorkerCrashLooping']);
const OF_A_STAGE: ReadonlySet<FindingKind> = new Set<FindingKind>(['StageStalled', 'QueueNoConsumers']);
const UNABLE: ReadonlySet<WorkerStatus> = new Set<WorkerStatus>(['stuck', 'starved', 'down']);

/** While a cause is on its way out its consequences stay marked: they go with it, or stand alone when it is gone. */
export function createCauseFinder(facts: CauseFacts): (finding: Finding) => string | undefined {
  const { causes, open } = facts;
  const workers = findingsOfWorkers(open);

  function rootOf(finding: Finding): string {
    return causeOf(finding) ?? finding.id;
  }

  function causeOf(finding: Finding): string | undefined {
    const { kind, consequenceOf } = finding;
    if (kind === 'CommonCause') return undefined;
    const worker = kind === 'OrchestratorStuck' ? workers.get(workOf(finding)) : undefined;
    if (worker) return rootOf(worker);
    const common = causes.find((one) => one.covers(finding));
    if (common) return `CommonCause:${common.detection.key}`;
    const poison = poisonBehind(finding, facts);
    if (poison !== undefined && open.has(poison)) return poison;
    const wider = findWider(finding, open);
    if (wider) return rootOf(wider);
    return consequenceOf !== undefined && open.has(consequenceOf) ? consequenceOf : undefined;
  }

  return causeOf;
}

function findingsOfWorkers(open: ReadonlyMap<string, Finding>): ReadonlyMap<string, Finding> {
  const found = new Map<string, Finding>();
  for (const finding of open.values()) {
    if (!OF_A_WORKER.has(finding.kind) || finding.subject.document === undefined) continue;
    // The worker that is there says more than the one that died before it.
    if (finding.kind === 'WorkerStuck' || !found.has(workOf(finding))) found.set(workOf(finding), finding);
  }
  return found;
}

function workOf({ subject: { stage, document } }: Finding): string {
  return `${stage ?? ''}\n${document ?? ''}`;
}

/** The crash loop of a worker that is down; what an orchestrator waits for, where it stands still as a whole. */
function findWider(
  { kind, key, subject: { stage } }: Finding,
  open: ReadonlyMap<string, Finding>,
): Finding | undefined {
  if (kind === 'WorkerDown') return open.get(`WorkerCrashLooping:${key}`);
  if (kind !== 'OrchestratorStuck') return undefined;
  return open.get(`StageStalled:${stage}`) ?? open.get('PipelineStandstill:pipeline');
}

/** Id of the PoisonDocument, whether it is open or not. */
function poisonBehind(
  { kind, subject, beganAtMs }: Finding,
  { scene, poisoned }: CauseFacts,
): string | undefined {
  const { document, identity, stage } = subject;
  if (OF_A_DOCUMENT.has(kind) && document !== undefined && poisoned.documents.has(document)) {
    return poisonId(document);
  }
  if (OF_A_CRASH.has(kind) && identity !== undefined) {
    const crashed = poisonOf(poisoned, identity, beganAtMs);
    return crashed === undefined ? undefined : poisonId(crashed);
  }
  if (!OF_A_STAGE.has(kind) || stage === undefined) return undefined;
  const unable = [...scene.notable].filter(
    ([, { status, standing }]) => standing.stage === stage && UNABLE.has(status),
  );
  const documents = new Set(unable.map(([key]) => poisoned.workers.get(key)?.document));
  const [only] = documents;
  return documents.size === 1 && only !== undefined ? poisonId(only) : undefined;
}

function poisonId(document: string): string {
  return `PoisonDocument:${document}`;
}
