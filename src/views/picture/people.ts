/** Workers and orchestrators, worst first, each with what it does, since when, and why we say so. */

import type { FleetJson, RecoveryJson, WorkerJson } from './api-shapes.js';
import type { StatusCount } from './flow-model.js';
import { elapsedMs, parseTime } from './format.js';
import { type Problem, stageLabels } from './problems.js';
import { type SeverityName, STATUS_LOOKS, STATUS_NAMES, type StatusName, statusName } from './vocabulary.js';

interface Person {
  readonly container: string;
  /** First 12 digits of the container's id. */
  readonly id: string | null;
  readonly stage: string | null;
  /** `G3_02 Witnesses`. */
  readonly stageLabel: string | null;
  readonly status: StatusName;
  /** Why it has the status, as a phrase. */
  readonly reason: string | null;
  readonly sinceMs: number | null;
  readonly forMs: number | null;
  readonly document: string | null;
  /** How long the job in hand has been under way. */
  readonly jobForMs: number | null;
  /** Ids of the problems and consequences that name it. */
  readonly problems: readonly string[];
  readonly severity: SeverityName | null;
}

export interface WorkerView extends Person {
  /** Index of its GPU. */
  readonly gpu: string | null;
  readonly gpuMemory: { readonly usedBytes: number; readonly totalBytes: number } | null;
  readonly done: number | null;
  readonly total: number | null;
  readonly unit: string | null;
  readonly message: string | null;
  readonly queues: readonly string[];
  readonly inHand: number | null;
  /** Share of the job that is done, 0 to 1. */
  readonly ratio: number | null;
  readonly restarts: WorkerRestarts | null;
}

/** How recovery stands to a worker that it looks at. */
export interface WorkerRestarts {
  readonly decision: string;
  readonly text: string;
  readonly used: number | null;
  readonly budget: number | null;
  readonly nextAllowedAtMs: number | null;
  readonly cost: string | null;
}

export interface OrchestratorView extends Person {
  /** `●●●●◉○○○○○`, one mark a stage; empty without configured stages. */
  readonly dots: string;
  /** The stage it waits for and the worst of those who serve it, the worst first; null while it waits for nobody. */
  readonly waitsFor: {
    readonly stage: string;
    /** How many of those who serve it are not well: more than are named, where they are many. */
    readonly unwell: number;
    readonly workers: readonly {
      readonly container: string;
      readonly id: string | null;
      readonly status: StatusName;
    }[];
  } | null;
}

/** Workers of one stage. */
export interface WorkerGroup {
  readonly stage: string | null;
  readonly label: string;
  readonly counts: readonly StatusCount[];
  readonly workers: readonly WorkerView[];
}

type PersonJson = Pick<
  WorkerJson,
  'container' | 'id' | 'stage' | 'status' | 'reason' | 'since' | 'document' | 'jobStartedAt'
>;

interface Around {
  readonly nowMs: number;
  readonly labels: ReadonlyMap<string, string>;
  readonly problemsOf: ReadonlyMap<string, readonly Problem[]>;
}

export function surround(fleet: FleetJson, problems: readonly Problem[], nowMs: number): Around {
  const problemsOf = new Map<string, Problem[]>();
  for (const problem of problems.flatMap((one) => [one, ...one.consequences])) {
    if (problem.container === null) continue;
    const known = problemsOf.get(problem.container);
    if (known) known.push(problem);
    else problemsOf.set(problem.container, [problem]);
  }
  return { nowMs, labels: stageLabels(fleet), problemsOf };
}

export function listWorkers(
  fleet: FleetJson,
  recovery: RecoveryJson | null,
  around: Around,
): readonly WorkerView[] {
  const decisions = new Map((recovery?.workers ?? []).map((one) => [one.container, one]));
  const memory = gpuMemoryByName(fleet);
  return (fleet.workers ?? [])
    .map((worker): WorkerView => {
      const decision = decisions.get(worker.container);
      return {
        ...describePerson(worker, around),
        gpu: worker.gpu ?? null,
        gpuMemory: memory.get(worker.gpu ?? '') ?? null,
        done: worker.done ?? null,
        total: worker.total ?? null,
        unit: worker.unit ?? null,
        message: worker.message ?? null,
        queues: worker.queues ?? [],
        inHand: worker.inHand ?? null,
        ratio: ratioOf(worker),
        restarts: decision
          ? {
              decision: decision.decision ?? 'notify',
              text: decision.text ?? '',
              used: decision.restartsInWindow ?? null,
              budget: decision.budget ?? null,
              nextAllowedAtMs: parseTime(decision.nextAllowedAt),
              cost: decision.cost?.text ?? null,
            }
          : null,
      };
    })
    .toSorted(byTrouble);
}

export function listOrchestrators(fleet: FleetJson, around: Around): readonly OrchestratorView[] {
  return (fleet.orchestrators ?? [])
    .map((orchestrator): OrchestratorView => {
      const { heldUpBy } = orchestrator;
      return {
        ...describePerson(orchestrator, around),
        dots: orchestrator.dots ?? '',
        waitsFor: heldUpBy
          ? {
              stage: heldUpBy.stage,
              unwell: heldUpBy.unwell ?? heldUpBy.workers?.length ?? 0,
              workers: (heldUpBy.workers ?? [])
                .map(({ container, id, status }) => ({
                  container,
                  id: shortId(id),
                  status: statusName(status),
                }))
                .toSorted((one, other) => STATUS_LOOKS[one.status].rank - STATUS_LOOKS[other.status].rank),
            }
          : null,
      };
    })
    .toSorted(byTrouble);
}

/** In DAG order; workers whose stage is not known come last. */
export function groupByStage(
  workers: readonly WorkerView[],
  stageOrder: readonly string[],
): readonly WorkerGroup[] {
  const groups = new Map<string | null, WorkerView[]>(stageOrder.map((stage) => [stage, []]));
  for (const worker of workers) {
    const group = groups.get(worker.stage);
    if (group) group.push(worker);
    else groups.set(worker.stage, [worker]);
  }
  return [...groups]
    .filter(([, members]) => members.length > 0)
    .toSorted(([one], [other]) => Number(one === null) - Number(other === null))
    .map(([stage, members]) => ({
      stage,
      label: members[0]?.stageLabel ?? 'no stage known',
      counts: countStatusesOf(members),
      workers: members,
    }));
}

/** What there is, worst first. */
export function countStatusesOf(people: readonly { readonly status: StatusName }[]): readonly StatusCount[] {
  return STATUS_NAMES.flatMap((status) => {
    const count = people.filter((one) => one.status === status).length;
    return count > 0 ? [{ status, count }] : [];
  });
}

function describePerson(person: PersonJson, { nowMs, labels, problemsOf }: Around): Person {
  const problems = problemsOf.get(person.container) ?? [];
  const status = statusName(person.status);
  // One that is stuck has been so since it stood still, not since it was found out: its problem says the same.
  const known = status === 'stuck' ? problems.find(({ kind }) => STUCK_KINDS.has(kind)) : undefined;
  const sinceMs = known?.sinceMs ?? parseTime(person.since);
  const stage = person.stage ?? null;
  return {
    container: person.container,
    id: shortId(person.id),
    stage,
    stageLabel: stage === null ? null : (labels.get(stage) ?? stage),
    status,
    reason: person.reason ?? null,
    sinceMs,
    forMs: elapsedMs(sinceMs, nowMs),
    document: person.document ?? null,
    jobForMs: elapsedMs(parseTime(person.jobStartedAt), nowMs),
    problems: problems.map(({ id }) => id),
    severity: problems[0]?.severity ?? null,
  };
}

export const STUCK_KINDS: ReadonlySet<string> = new Set(['WorkerStuck', 'OrchestratorStuck']);

export function shortId(id: string | null | undefined): string | null {
  return id ? id.slice(0, 12) : null;
}

function ratioOf({ done, total }: WorkerJson): number | null {
  if (done === null || done === undefined || !total || total <= 0) return null;
  return Math.min(1, Math.max(0, done / total));
}

function gpuMemoryByName(fleet: FleetJson): ReadonlyMap<string, NonNullable<WorkerView['gpuMemory']>> {
  const memory = new Map<string, NonNullable<WorkerView['gpuMemory']>>();
  for (const { index, uuid, memory: told, present } of fleet.gpus ?? []) {
    const usedBytes = told?.usedBytes;
    const totalBytes = told?.totalBytes;
    if (present === false || typeof usedBytes !== 'number' || !totalBytes || totalBytes <= 0) continue;
    for (const name of [index, uuid]) if (name) memory.set(name, { usedBytes, totalBytes });
  }
  return memory;
}

/** Worst status first, then the longest in it, then by name, with numbers in it as numbers. */
function byTrouble(one: Person, other: Person): number {
  const rank = STATUS_LOOKS[one.status].rank - STATUS_LOOKS[other.status].rank;
  if (rank !== 0) return rank;
  const age = (other.forMs ?? -1) - (one.forMs ?? -1);
  return age || NAMES.compare(one.container, other.container);
}

const NAMES = new Intl.Collator('en', { numeric: true });
