/** Which faults strike in the demo, and when: first three that everybody should see, then one after the other, for ever. */

import type { FaultKind, PlannedFault } from './fault-plan.js';

/** In minutes of the simulation, after the moment the demo begins. */
interface Scene {
  readonly kind: FaultKind;
  readonly at: number;
  readonly lasts: number;
  readonly stage?: string;
}

const MINUTE_MS = 60_000;

/** All three are to be seen within twenty minutes of the simulation. */
const OPENING: readonly Scene[] = [
  { kind: 'resubmission', at: 1.5, lasts: 14, stage: 'G4_00' },
  { kind: 'hang', at: 2.5, lasts: 40, stage: 'G3_02' },
  { kind: 'failing-stage', at: 2, lasts: 20, stage: 'G5_00' },
];

/** Each has time to be found and to be over before what might be confused with it begins. */
const ROUND: readonly Scene[] = [
  { kind: 'oom', at: 5, lasts: 20 },
  { kind: 'failing-stage', at: 20, lasts: 4, stage: 'G2_01' },
  { kind: 'crash-message-lost', at: 35, lasts: 25, stage: 'G3_00' },
  { kind: 'scale-up', at: 60, lasts: 1 },
  { kind: 'gpu-lost', at: 75, lasts: 35 },
  { kind: 'dead-letters', at: 112, lasts: 15 },
  { kind: 'rolling-deploy', at: 130, lasts: 10 },
  { kind: 'poison-document', at: 150, lasts: 30 },
  { kind: 'livelock', at: 190, lasts: 45, stage: 'G5_00' },
  { kind: 'hang', at: 200, lasts: 40, stage: 'G3_02' },
  // Slowly, over all that follows, until the memory of the GPU is nearly full.
  { kind: 'vram-leak', at: 230, lasts: 220 },
  { kind: 'mass-hang', at: 280, lasts: 30, stage: 'G3_02' },
  { kind: 'broker-outage', at: 340, lasts: 12 },
  { kind: 'clock-skew', at: 370, lasts: 40 },
  { kind: 'scale-down', at: 395, lasts: 1 },
  { kind: 'understaffed-stage', at: 415, lasts: 35, stage: 'G3_02' },
  { kind: 'dcgm-outage', at: 470, lasts: 12 },
  { kind: 'progress-outage', at: 490, lasts: 12 },
  { kind: 'crash', at: 510, lasts: 20 },
];
const FIRST_ROUND_AT = 50;
const ROUND_LASTS = 540;

export interface DemoFaultsOptions {
  /** When the demo begins, virtual. */
  readonly startMs: number;
  /** How many rounds follow the opening. */
  readonly rounds: number;
}

export function planDemoFaults({ startMs, rounds }: DemoFaultsOptions): readonly PlannedFault[] {
  const further = Array.from({ length: rounds }, (_, round) =>
    ROUND.map((scene) => ({ ...scene, at: FIRST_ROUND_AT + round * ROUND_LASTS + scene.at })),
  );
  return [...OPENING, ...further.flat()].map(({ kind, at, lasts, stage }) => ({
    kind,
    atMs: startMs + at * MINUTE_MS,
    healAtMs: startMs + (at + lasts) * MINUTE_MS,
    ...(stage !== undefined && { stage }),
  }));
}
