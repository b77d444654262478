/** Finds the workers that recovery looks at: those found stuck, and those that a restart of ours left stopped. */

import type { Finding } from '../detectors/finding.js';
import type { Container } from '../fleet/model.js';
import { costOf } from './cost.js';
import type { Candidate, RestartReason } from './decision.js';
import type { PlanInput } from './plan-input.js';

type CandidateInput = Pick<PlanInput, 'fleet' | 'verdicts' | 'memory' | 'nowMs'>;

export function findCandidates(input: CandidateInput): readonly Candidate[] {
  const { fleet, verdicts, memory } = input;
  const found = new Map<string, Candidate>();
  for (const finding of verdicts.findings.values()) {
    const { identity } = finding.subject;
    if (finding.kind !== 'WorkerStuck' || identity === undefined) continue;
    found.set(identity, candidateOf(identity, input, { why: 'stuck', finding }));
  }
  for (const [identity, { leftDownAtMs }] of memory.containers) {
    const container = fleet.containers.get(identity);
    // It wins over a finding: one of a run that is over can stay open, unconfirmed, until its worker runs again.
    if (leftDownAtMs === undefined || !container || !isDown(container)) continue;
    found.set(identity, candidateOf(identity, input, { why: 'left_down', sinceMs: leftDownAtMs }));
  }
  return [...found.values()];
}

/** It has ended, and the engine is not about to start it by itself. */
function isDown({ state }: Container): boolean {
  return state === 'exited' || state === 'created' || state === 'dead';
}

export interface CandidateCause {
  readonly why: RestartReason;
  readonly finding?: Finding;
  readonly sinceMs?: number;
}

export function candidateOf(
  identity: string,
  { fleet, nowMs }: CandidateInput,
  { why, finding, sinceMs }: CandidateCause,
): Candidate {
  const worker = fleet.workers.get(identity);
  const container = fleet.containers.get(identity);
  const stage = worker?.stage ?? container?.stage ?? finding?.subject.stage;
  return {
    identity,
    container,
    name: container?.name ?? worker?.container ?? finding?.subject.container ?? identity,
    why,
    sinceMs: finding?.beganAtMs ?? sinceMs ?? nowMs,
    ...(stage !== undefined && { stage }),
    ...(finding && { finding }),
    ...(worker?.job && { cost: costOf(worker.job, nowMs) }),
  };
}
