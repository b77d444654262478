/**
 * Decides for each open finding which other one it follows from: a common cause, a document that brings workers down, a
 * GPU at fault, a crash loop, the worker that has an orchestrator's document, or the stage or pipeline that stands still behind it.
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
/** A step that a GPU ended may have begun so long before that was seen. */
const GPU_SEEN_LATE_MS = 2 * 60_000;
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
    const gpu = gpuBehind(finding, facts);
    if (gpu !== undefined) return gpu;
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
  const only = sharedBy(unableAt(stage, scene), (key) => poisoned.workers.get(key)?.document);
  return only === undefined ? undefined : poisonId(only);
}

function unableAt(stage: string, { notable }: Scene): readonly string[] {
  return [...notable].flatMap(([key, { status, standing }]) =>
    standing.stage === stage && UNABLE.has(status) ? key : [],
  );
}

/** What is the same for all; undefined where there is none of them, or they differ. */
function sharedBy(keys: readonly string[], of: (key: string) => string | undefined): string | undefined {
  const found = new Set(keys.map(of));
  return found.size === 1 ? [...found][0] : undefined;
}

/** Id of the GpuError of the GPU that a worker, or each unable one of a stage, has to itself or shares. */
function gpuBehind({ kind, subject, beganAtMs }: Finding, { scene, open }: CauseFacts): string | undefined {
  const broken = [...open.values()].filter((one) => one.kind === 'GpuError');
  if (broken.length === 0) return undefined;
  const errorOf = (gpu: string | undefined): string | undefined =>
    broken.find(
      (one) =>
        gpu !== undefined &&
        (one.subject.gpu === gpu || one.subject.uuid === gpu) &&
        beganAtMs >= one.beganAtMs - GPU_SEEN_LATE_MS,
    )?.id;
  if (kind === 'WorkerStuck' || kind === 'WorkerSpinning' || OF_A_CRASH.has(kind))
    return errorOf(subject.gpu);
  const { stage } = subject;
  if (!OF_A_STAGE.has(kind) || stage === undefined) return undefined;
  const { workers } = scene.fleet;
  return sharedBy(unableAt(stage, scene), (key) => errorOf(workers.get(key)?.gpu));
}

function poisonId(document: string): string {
  return `PoisonDocument:${document}`;
}
