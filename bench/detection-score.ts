/** Compares what was found in simulated runs with what happened in them. */

import { CONDITION_KINDS, FAULT_KINDS, type FaultKind } from '../src/simulation/fault-plan.js';
import type { FaultTruth } from '../src/simulation/truth.js';
import { AFTERMATH_MS, explainFinding } from '../test/support/explain-finding.js';
import type { DetectionRun, Opened } from './detection-run.js';

const MINUTE_MS = 60_000;
/** Four fifths of the two hours that the simulated broker waits. */
const NEAR_ACK_LIMIT_MS = 96 * MINUTE_MS;
const OUTAGES: ReadonlySet<FaultKind> = new Set<FaultKind>([
  'broker-outage',
  'engine-outage',
  'progress-outage',
  'dcgm-outage',
]);

export interface KindScore {
  readonly kind: FaultKind;
  readonly struck: number;
  /** Those that sources could show, for long enough to be found. */
  readonly observable: number;
  readonly found: number;
  /** Seconds from observable to found, of those that no outage of the watcher overlapped. */
  readonly delays: readonly number[];
  /** Seconds from observable to found beyond the limit that applies; of WorkerStuck only. */
  readonly overshoots: readonly number[];
  readonly missed: readonly FaultTruth[];
}

export function scoreKinds(runs: readonly DetectionRun[]): readonly KindScore[] {
  return [...FAULT_KINDS, ...CONDITION_KINDS]
    .map((kind) => scoreKind(kind, runs))
    .filter(({ struck }) => struck > 0);
}

function scoreKind(kind: FaultKind, runs: readonly DetectionRun[]): KindScore {
  const score = {
    kind,
    struck: 0,
    observable: 0,
    found: 0,
    delays: [] as number[],
    overshoots: [] as number[],
    missed: [] as FaultTruth[],
  };
  for (const run of runs) {
    for (const fault of run.truth.filter((one) => one.kind === kind)) {
      score.struck++;
      const hit = findHit(fault, run);
      if (!isObservable(fault, run, hit)) continue;
      score.observable++;
      if (!hit) {
        score.missed.push(fault);
        continue;
      }
      score.found++;
      if (isBlindBetween(run, fault.observableAtMs, hit.atMs)) continue;
      score.delays.push(Math.max(0, hit.atMs - Math.max(fault.observableAtMs, run.fromMs)) / 1000);
      const overshoot = overshootOf(fault, hit);
      if (overshoot !== undefined) score.overshoots.push(overshoot);
    }
  }
  return score;
}

function endOf(fault: FaultTruth, { curedAtMs, endMs }: DetectionRun): number {
  return Math.min(fault.endedAtMs ?? endMs, curedAtMs.get(fault) ?? endMs);
}

function findHit(fault: FaultTruth, run: DetectionRun): Opened | undefined {
  const untilMs = endOf(fault, run) + AFTERMATH_MS;
  return run.opened.find(
    ({ finding, atMs, clearedAtMs = run.endMs }) =>
      fault.expects.includes(finding.kind) &&
      atMs <= untilMs &&
      // One that is open from a fault just before, as a worker's that hangs again, tells of this one too.
      (atMs >= fault.atMs || clearedAtMs > fault.observableAtMs + MINUTE_MS) &&
      (finding.kind === 'CommonCause' || isAbout(fault, finding.subject)),
  );
}

function isAbout(fault: FaultTruth, subject: Opened['finding']['subject']): boolean {
  if (fault.container !== undefined) return subject.container === fault.container;
  if (fault.document !== undefined) return subject.document === fault.document;
  if (fault.source !== undefined) return subject.source === fault.source;
  if (fault.gpu !== undefined) return subject.gpu === fault.gpu;
  if (fault.queue !== undefined) return subject.queue === fault.queue;
  // One that names nothing touches the whole pipeline.
  return fault.stage === undefined || subject.stage === fault.stage;
}

/** What was over before its limit was has not been missed. */
function isObservable(fault: FaultTruth, run: DetectionRun, hit: Opened | undefined): boolean {
  if (fault.expects.length === 0) return false;
  if (hit) return true;
  if (fault.isTransient || !Number.isFinite(fault.observableAtMs)) return false;
  if (fault.kind === 'poison-document' && new Set(fault.members).size < 2) return false;
  const lastedMs = endOf(fault, run) - fault.observableAtMs;
  const neededMs = fault.kind === 'livelock' ? 150 * MINUTE_MS : 11 * MINUTE_MS;
  return lastedMs > (OUTAGES.has(fault.kind) ? MINUTE_MS : neededMs);
}

function isBlindBetween(run: DetectionRun, fromMs: number, untilMs: number): boolean {
  return run.truth.some(
    ({ kind, atMs, endedAtMs = run.endMs }) =>
      OUTAGES.has(kind) && atMs < untilMs && endedAtMs + MINUTE_MS > fromMs && atMs !== fromMs,
  );
}

function overshootOf(
  { kind, observableAtMs }: FaultTruth,
  { finding, atMs, limits }: Opened,
): number | undefined {
  if (finding.kind !== 'WorkerStuck' || !limits) return undefined;
  const limitMs = kind === 'livelock' ? limits.livelockMs : limits.stallMs;
  return (atMs - observableAtMs - limitMs) / 1000;
}

/** Findings of workers that were well when they were opened. */
export function falselyStuck(runs: readonly DetectionRun[]): readonly Opened[] {
  return runs.flatMap(({ opened }) =>
    opened.filter(
      ({ finding, mode }) => finding.kind === 'WorkerStuck' && mode !== 'hung' && mode !== 'livelocked',
    ),
  );
}

/** Findings that no fault explains, by kind. */
export function unexplained(runs: readonly DetectionRun[]): ReadonlyMap<string, readonly Opened[]> {
  const byKind = new Map<string, Opened[]>();
  for (const run of runs) {
    for (const one of run.opened) {
      if (isExplained(one, run)) continue;
      const list = byKind.get(one.finding.kind) ?? [];
      list.push(one);
      byKind.set(one.finding.kind, list);
    }
  }
  return byKind;
}

function isExplained({ finding, atMs, jobMs = 0, place }: Opened, run: DetectionRun): boolean {
  // An orchestrator of long jobs waits for hours, longer than any label lasts of what took its job along.
  if (finding.kind === 'OrchestratorStuck' && (place === 'lost' || place === 'hangs')) return true;
  // No fault, and meant to be told: a legitimate job that has used most of the broker's time.
  if (finding.kind === 'JobNearAckLimit' && jobMs >= NEAR_ACK_LIMIT_MS) return true;
  const endOfFault = (fault: FaultTruth): number => endOf(fault, run);
  return explainFinding(finding, run.truth, { atMs, endOf: endOfFault }) !== undefined;
}
