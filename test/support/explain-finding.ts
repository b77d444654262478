/** Tells which label of a simulated run explains a finding: what struck its subject, or what is known to reach beyond its own. */

import type { Finding, FindingKind } from '../../src/detectors/finding.js';
import type { FaultKind } from '../../src/simulation/fault-plan.js';
import type { FaultTruth } from '../../src/simulation/truth.js';

/** After a fault is over, what it left behind may still be found. */
export const AFTERMATH_MS = 15 * 60_000;

export interface Moment {
  readonly atMs: number;
  /** When the fault was over, by whatever cause. */
  readonly endOf: (fault: FaultTruth) => number;
  readonly aftermathMs?: number;
}

/** What stands still behind work that does not come, on whatever stage. */
const HELD_UP: readonly FindingKind[] = ['CommonCause', 'OrchestratorStuck', 'StageStalled', 'QueueGrowing'];
/** Kinds that a fault brings about on subjects that it does not name. */
const BEYOND: Readonly<Partial<Record<FaultKind, readonly string[]>>> = {
  'broker-outage': [...HELD_UP, 'QueueNoConsumers', 'WorkerStarved', 'JobOrphaned', 'PipelineStandstill'],
  'gpu-lost': [...HELD_UP, 'QueueNoConsumers', 'JobOrphaned', 'PipelineStandstill'],
  'mass-hang': HELD_UP,
  'disk-full': ['OrchestratorStuck', 'StageStalled', 'JobOrphaned', 'PipelineStandstill'],
  standstill: ['OrchestratorStuck', 'StageStalled', 'JobOrphaned', 'PipelineStandstill'],
};

export function explainFinding(
  finding: Pick<Finding, 'kind' | 'subject'>,
  truth: readonly FaultTruth[],
  moment: Moment,
): FaultTruth | undefined {
  const active = truth.filter((fault) => isActive(fault, moment));
  const named = active.find((fault) => isExpected(fault, finding));
  if (named || active.some((fault) => forbids(fault, finding))) return named;
  return active.find((fault) => explains(fault, finding));
}

/** What should be found of this very container, or of one of many that it struck. */
function isExpected(
  { container, members, expects }: FaultTruth,
  { kind, subject }: Pick<Finding, 'kind' | 'subject'>,
): boolean {
  if (subject.container === undefined) return false;
  if (container === undefined) return members?.includes(subject.container) === true;
  return container === subject.container && expects.includes(kind);
}

function isActive(fault: FaultTruth, { atMs, endOf, aftermathMs = AFTERMATH_MS }: Moment): boolean {
  return fault.atMs <= atMs && endOf(fault) + aftermathMs >= atMs;
}

/** What is well, whatever else strikes there: the label says so of its own subject alone. */
function forbids(fault: FaultTruth, finding: Pick<Finding, 'kind' | 'subject'>): boolean {
  const { forbids: kinds = [] } = fault;
  if (kinds !== 'all' && !kinds.includes(finding.kind)) return false;
  // Its stage and GPU have others, who may well have faults of their own.
  return fault.container === undefined
    ? isAbout(fault, finding)
    : finding.subject.container === fault.container;
}

function explains(fault: FaultTruth, finding: Pick<Finding, 'kind' | 'subject'>): boolean {
  return BEYOND[fault.kind]?.includes(finding.kind) === true || isAbout(fault, finding);
}

function isAbout(fault: FaultTruth, { subject }: Pick<Finding, 'subject'>): boolean {
  const { container, stage, gpu, document, source, queue } = subject;
  return (
    (container !== undefined &&
      (fault.container === container || fault.members?.includes(container) === true)) ||
    (stage !== undefined && fault.stage === stage) ||
    (gpu !== undefined && container === undefined && fault.gpu === gpu) ||
    (document !== undefined && fault.document === document) ||
    (source !== undefined && fault.source === source) ||
    (queue !== undefined && fault.queue === queue)
  );
}
