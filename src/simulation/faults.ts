/** Lets planned faults strike the pipeline, and writes down the truth of each: whom, when, and what should be found. */

import { conditionFaults } from './condition-faults.js';
import { failureFaults } from './failure-faults.js';
import type { FaultKind, PlannedFault } from './fault-plan.js';
import { type Act, createFaultTools, type FaultOptions, type Strike } from './fault-tools.js';
import { lossFaults } from './loss-faults.js';
import type { FaultTruth } from './truth.js';
import { wideFaults } from './wide-faults.js';
import { workerFaults } from './worker-faults.js';

export interface Faults {
  /** What struck so far, in order. */
  readonly truth: readonly FaultTruth[];
  schedule(faults: readonly PlannedFault[]): void;
}

const RETRY_MS = 20_000;
const MAX_TRIES = 200;

export function createFaults(options: FaultOptions): Faults {
  const { agenda } = options;
  const tools = createFaultTools(options);
  const acts: Readonly<Record<FaultKind, Act>> = {
    ...workerFaults(tools),
    ...wideFaults(tools),
    ...failureFaults(tools),
    ...conditionFaults(tools),
    ...lossFaults(tools),
  };
  const truth: FaultTruth[] = [];

  function strike(fault: PlannedFault, tries: number): void {
    const tell: Strike['tell'] = (subject, expects, forbids) => {
      const { nowMs } = agenda;
      const told: FaultTruth = {
        kind: fault.kind,
        ...subject,
        atMs: nowMs,
        observableAtMs: nowMs,
        expects,
        ...(forbids && { forbids }),
      };
      truth.push(told);
      return told;
    };
    const lastsMs = fault.healAtMs - fault.atMs;
    const now = { ...fault, healAtMs: agenda.nowMs + lastsMs };
    tools.aimAt(fault.stage);
    if (acts[fault.kind]({ fault: now, tell }) || tries >= MAX_TRIES) return;
    agenda.after(RETRY_MS, () => strike(fault, tries + 1));
  }

  return {
    truth,
    schedule(faults) {
      for (const fault of faults) agenda.at(fault.atMs, () => strike(fault, 0));
    },
  };
}
