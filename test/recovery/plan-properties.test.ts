/** Whatever happens in whatever order: no budget is exceeded, nobody is restarted who is not stuck, none for a common cause. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { configSchema } from '../../src/config/schema.js';
import type { Finding } from '../../src/detectors/finding.js';
import type { Verdicts, WorkerVerdict } from '../../src/detectors/verdicts.js';
import type { WorkerPlan } from '../../src/recovery/decision.js';
import { NO_MEMORY, type RecoveryMemory } from '../../src/recovery/memory.js';
import {
  withEnd,
  withLook,
  withoutRestart,
  withPhase,
  withRestart,
} from '../../src/recovery/memory-changes.js';
import { planRecovery } from '../../src/recovery/plan.js';
import { createJudgedFleet, type JudgedFleet } from '../support/judged-fleet.js';
import { NO_VERDICTS } from '../support/no-verdicts.js';
import { flight } from '../support/recovery-scene.js';

const T0 = 1_763_900_000_000;
const WORKERS = 12;
const NAMES = Array.from({ length: WORKERS }, (_, index) => `paddle-worker-gpu${index % 2}-${index}`);

const step = fc.record({
  passS: fc.oneof(fc.integer({ min: 1, max: 60 }), fc.integer({ min: 60, max: 1800 })),
  /** Which are stuck, as bits. */
  stuck: fc.integer({ min: 0, max: 2 ** WORKERS - 1 }),
  isUnconfirmed: fc.boolean(),
  isCommonCause: fc.boolean(),
  isStale: fc.boolean(),
  canRemember: fc.boolean(),
  /** What becomes of a restart that is planned, and of those under way. */
  fate: fc.constantFrom('withdrawn', 'under-way', 'started', 'recovered', 'failed'),
  elsewhere: fc.option(fc.nat(WORKERS - 1), { freq: 8 }),
  /** The clock is set back or ahead. */
  jumpS: fc.oneof(
    { weight: 9, arbitrary: fc.constant(0) },
    { weight: 1, arbitrary: fc.integer({ min: -7200, max: 0 }) },
  ),
});
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

const settings = configSchema.parse({
  recovery: { enabled: true, dry_run: false, fleet_budget: 6, start_grace: '0s', hands_off: '0s' },
  stages: [{ id: 'G3', workers: 'paddle-*' }],
});
const { recovery } = settings;

function verdictsOf(one: Step, nowMs: number): Verdicts {
  const workers = new Map<string, WorkerVerdict>();
  const findings = new Map<string, Finding>();
  for (const [index, name] of NAMES.entries()) {
    const isStuck = (one.stuck & (1 << index)) !== 0;
    const status = isStuck ? 'stuck' : 'active';
    const standing = { container: name, stage: 'G3', status } as const;
    workers.set(name, {
      standing,
      status,
      reason: '',
      sinceMs: nowMs,
      evidence: [],
      ...(isStuck && { stuckBy: 'silence' as const }),
    });
    if (isStuck)
      findings.set(`WorkerStuck:${name}`, findingOf('WorkerStuck', name, one.isUnconfirmed, nowMs));
  }
  if (one.isCommonCause) findings.set('CommonCause:x', findingOf('CommonCause', 'x', false, nowMs));
  return { ...NO_VERDICTS, atMs: nowMs, workers, findings };
}

function findingOf(
  kind: 'WorkerStuck' | 'CommonCause',
  key: string,
  isUnconfirmed: boolean,
  nowMs: number,
): Finding {
  return {
    kind,
    key,
    id: `${kind}:${key}`,
    severity: 'critical',
    subject: { container: key, identity: key, stage: 'G3' },
    summary: '',
    evidence: [],
    clearsWhen: '',
    beganAtMs: nowMs - 1000,
    openedAtMs: nowMs,
    confirmedAtMs: nowMs,
    ...(isUnconfirmed && { isUnconfirmed: true as const }),
  };
}

interface Restart {
  readonly name: string;
  readonly atMs: number;
  /** Somebody else has changed the container since: it begins anew. */
  readonly isForgiven?: boolean;
}

function tellOfDocker({ store }: JudgedFleet, isStale: boolean, nowMs: number): void {
  const atMs = nowMs - (isStale ? 600_000 : 0);
  store.apply({ kind: 'source-read', source: 'docker', atMs, durationMs: 1 });
  if (!isStale) return;
  const failed = { source: 'docker', reason: 'unreachable', problem: 'gone', atMs: nowMs } as const;
  store.apply({ kind: 'source-failed', ...failed });
}

/** Plays a history, and hands each plan and the restarts done so far to `check`. */
function play(
  steps: readonly Step[],
  check: (plans: readonly WorkerPlan[], one: Step, done: readonly Restart[], nowMs: number) => void,
): void {
  const judged = createJudgedFleet({ stages: [{ id: 'G3', workers: 'paddle-*' }] });
  for (const name of NAMES) judged.container(name);
  let memory: RecoveryMemory = NO_MEMORY;
  let done: Restart[] = [];
  let nowMs = T0;
  for (const one of steps) {
    const jumpMs = one.jumpS * 1000;
    nowMs += one.passS * 1000 + jumpMs;
    // What was done before the clock was set back is as old as it was.
    done = done.map((each) => ({ ...each, atMs: each.atMs + jumpMs }));
    const elsewhere = one.elsewhere === null ? undefined : NAMES[one.elsewhere];
    done = done.map((each) => (each.name === elsewhere ? { ...each, isForgiven: true } : each));
    const verdicts = verdictsOf(one, nowMs);
    memory = withLook(memory, {
      nowMs,
      config: recovery,
      seen: (identity) => ({
        isWell: verdicts.workers.get(identity)?.status === 'active',
        isChangedElsewhere: identity === elsewhere,
        isRunning: true,
      }),
      isOpen: (id) => verdicts.findings.has(id),
    });
    tellOfDocker(judged, one.isStale, nowMs);
    const plans = planRecovery({
      fleet: judged.store.fleet,
      verdicts,
      settings,
      memory,
      changes: { around: () => undefined },
      canRemember: one.canRemember,
      nowMs,
    });
    const chosen = plans.find(({ decision }) => decision === 'restart');
    if (chosen) {
      const before = memory;
      memory = withRestart(memory, chosen.identity, flight(chosen.name, { askedAtMs: nowMs }));
      if (one.fate === 'withdrawn') memory = withoutRestart(before, memory, chosen.identity);
      else done.push({ name: chosen.name, atMs: nowMs });
    }
    check(plans, one, done, nowMs);
    for (const identity of memory.inFlight.keys()) {
      if (one.fate === 'started') memory = withPhase(memory, identity, { phase: 'verifying' });
      if (one.fate === 'recovered' || one.fate === 'failed')
        memory = withEnd(memory, identity, { atMs: nowMs });
    }
  }
}

const histories = fc.array(step, { minLength: 1, maxLength: 60 });

function most(timesMs: readonly number[], windowMs: number): number {
  return Math.max(
    0,
    ...timesMs.map((end) => timesMs.filter((at) => at <= end && end - at < windowMs).length),
  );
}

describe('whatever happens', () => {
  it('at most one worker is restarted at a time, and only one that is stuck for certain', () => {
    fc.assert(
      fc.property(histories, (steps) =>
        play(steps, (plans, one) => {
          const chosen = plans.filter(({ decision }) => decision === 'restart');
          assert.ok(chosen.length <= 1);
          for (const { name } of chosen) {
            assert.ok((one.stuck & (1 << NAMES.indexOf(name))) !== 0, `${name} is not stuck`);
            assert.ok(!one.isUnconfirmed && !one.isCommonCause && !one.isStale && one.canRemember);
          }
        }),
      ),
      { numRuns: 150 },
    );
  });

  it('no window ever holds more restarts than its budget', () => {
    fc.assert(
      fc.property(histories, (steps) =>
        play(steps, (_plans, _one, done) => {
          for (const name of NAMES) {
            const own = done.filter((one) => one.name === name && !one.isForgiven);
            const times = own.map(({ atMs }) => atMs);
            assert.ok(most(times, recovery.container_window) <= recovery.container_budget, name);
          }
          const all = done.map(({ atMs }) => atMs);
          assert.ok(most(all, recovery.fleet_window) <= recovery.fleet_budget);
        }),
      ),
      { numRuns: 150 },
    );
  });

  it('every stuck worker gets one decision with a reason and a sentence', () => {
    fc.assert(
      fc.property(histories, (steps) =>
        play(steps, (plans, one) => {
          const stuck = NAMES.filter((_, index) => (one.stuck & (1 << index)) !== 0);
          assert.deepEqual(new Set(plans.map(({ name }) => name)), new Set(stuck));
          for (const { reason, text } of plans) assert.ok(reason !== undefined && text.length > 5);
        }),
      ),
      { numRuns: 50 },
    );
  });
});
