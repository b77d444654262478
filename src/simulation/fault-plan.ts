/** Which faults strike when: drawn by seed, spread over the run so that each can be told from the others. */

import type { Random } from './random.js';

export const FAULT_KINDS = [
  'hang',
  'livelock',
  'crash',
  'crash-message-lost',
  'crash-with-sentinel',
  'oom',
  'lost-consumer',
  'slow-stage',
  'understaffed-stage',
  'poison-document',
  'mass-hang',
  'gpu-lost',
  'vram-leak',
  'broker-outage',
  'engine-outage',
  'dcgm-outage',
  'progress-outage',
  'clock-skew',
  'rolling-deploy',
  'scale-up',
  'scale-down',
] as const;
/** Taken from the field, and mostly traps: what is well there, or fails otherwise than it looks. Drawn by runs of their own. */
export const CONDITION_KINDS = [
  'naive-clock',
  'quiet-call',
  'quiet-call-with-traffic',
  'censored-jobs',
  'queues-by-design',
  'dead-letters',
  'redelivered',
  'poison-crashes',
  'disk-full',
  'standstill',
  'half-open-consumer',
  'stuck-in-kernel',
] as const;
export type ConditionKind = (typeof CONDITION_KINDS)[number];
/** Those that are drawn, and those that strike only where they are asked for. */
export type FaultKind = (typeof FAULT_KINDS)[number] | ConditionKind | 'failing-stage' | 'resubmission';

export interface PlannedFault {
  readonly kind: FaultKind;
  readonly atMs: number;
  /** When people (or nobody) put it right. */
  readonly healAtMs: number;
  /** Only there; absent: anywhere. */
  readonly stage?: string;
}

const MINUTE = 60_000;
/** How long each lasts, in minutes. */
const LASTS: Readonly<Partial<Record<FaultKind, number>>> = {
  hang: 45,
  livelock: 200,
  crash: 20,
  oom: 20,
  'mass-hang': 25,
  'gpu-lost': 25,
  'slow-stage': 40,
  'understaffed-stage': 40,
  'vram-leak': 150,
  'broker-outage': 8,
  'engine-outage': 8,
  'dcgm-outage': 8,
  'progress-outage': 8,
  'rolling-deploy': 10,
  'naive-clock': 60,
  'queues-by-design': 60,
  'dead-letters': 30,
  'disk-full': 1.5,
  standstill: 45,
  'half-open-consumer': 60,
  'stuck-in-kernel': 45,
};
const DEFAULT_MINUTES = 30;

export interface FaultPlanOptions {
  readonly random: Random;
  readonly startMs: number;
  readonly endMs: number;
  readonly kinds?: readonly FaultKind[];
  /** How often each of the single-worker kinds strikes. */
  readonly repeats?: number;
}

const REPEATED: ReadonlySet<FaultKind> = new Set<FaultKind>([
  'hang',
  'crash',
  'crash-message-lost',
  'oom',
  'lost-consumer',
]);

/** Before the watcher begins: it must not judge by what it has not seen. */
const BEFORE_WATCH: readonly ConditionKind[] = ['naive-clock', 'censored-jobs'];
const CONDITION_REPEATS: Readonly<Partial<Record<ConditionKind, number>>> = {
  'quiet-call': 4,
  'quiet-call-with-traffic': 4,
  redelivered: 4,
  'half-open-consumer': 3,
  'naive-clock': 2,
};

export interface ConditionPlanOptions extends Pick<FaultPlanOptions, 'random' | 'startMs' | 'endMs'> {
  /** When the watcher begins to look; some conditions are there already. */
  readonly watchFromMs: number;
}

/** Conditions from their own list and chance, so that plans of faults stay as they are. */
export function planConditions({
  random,
  startMs,
  endMs,
  watchFromMs,
}: ConditionPlanOptions): readonly PlannedFault[] {
  const early = BEFORE_WATCH.map((kind) => ({ kind, atMs: watchFromMs - random.between(2, 10) * MINUTE }));
  const later = CONDITION_KINDS.flatMap((kind) =>
    Array.from({ length: CONDITION_REPEATS[kind] ?? 1 }, () => ({
      kind,
      atMs: random.between(startMs, endMs),
    })),
  );
  return [...early, ...later]
    .map(({ kind, atMs }) => ({ kind, atMs, healAtMs: atMs + (LASTS[kind] ?? DEFAULT_MINUTES) * MINUTE }))
    .toSorted((one, other) => one.atMs - other.atMs);
}

export function planFaults({
  random,
  startMs,
  endMs,
  kinds = FAULT_KINDS,
  repeats = 3,
}: FaultPlanOptions): readonly PlannedFault[] {
  const wanted = kinds.flatMap((kind) =>
    Array.from({ length: REPEATED.has(kind) ? repeats : 1 }, () => kind),
  );
  return wanted
    .map((kind) => {
      const atMs = random.between(startMs, endMs);
      return { kind, atMs, healAtMs: atMs + (LASTS[kind] ?? DEFAULT_MINUTES) * MINUTE };
    })
    .toSorted((one, other) => one.atMs - other.atMs);
}
