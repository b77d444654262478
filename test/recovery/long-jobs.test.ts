/** A job of 110 minutes that hardly tells of progress is never restarted, whatever is known of its stage; a hung one beside it is. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createRecoveryHarness, type RecoveryHarness } from '../support/recovery-harness.js';

const LONG = 'paddle-worker-gpu0-0';
const HUNG = 'paddle-worker-gpu0-1';
const LOOK_S = 5;
const LONG_S = 110 * 60;
const HANGS_AT_S = 40 * 60;
/** Of a core: what a process that waits for its GPU uses. */
const CPU_SHARE = 0.1;
/** Nothing is set for the stage: its limits are the default ones, or learned. */
const CONFIG = { stages: [{ id: 'G3', workers: 'paddle-worker-*', queue: 'g3' }] };

/** What the colleague's steps have taught of the stage's pace before. */
const PACES = [
  { pace: 'nothing is known', stepS: 1200, jobs: 0, origin: 'default', stallMs: 300_000 },
  { pace: 'steps take seconds', stepS: 5, jobs: 301, origin: 'learned', stallMs: 60_000 },
  { pace: 'steps take seconds in few jobs', stepS: 5, jobs: 60, origin: 'default', stallMs: 300_000 },
  { pace: 'steps take 20 minutes', stepS: 1200, jobs: 21, origin: 'learned', stallMs: 1_800_000 },
] as const;

/** Undefined: the job counts no units. */
const HABITS = [
  { habit: 'tells of no units at all', stepS: undefined },
  { habit: 'makes a step in 20 minutes', stepS: 1200 },
] as const;

interface JobNow {
  readonly document: string;
  readonly startedAtS: number;
  /** Undefined: it counts no units. */
  readonly done: number | undefined;
}

function tell({ scene }: RecoveryHarness, name: string, { document, startedAtS, done }: JobNow): void {
  const units = done === undefined ? {} : { done, total: 1000, unit: 'page' };
  const times = { started_at: startedAtS, updated_at: scene.fleet.nowMs / 1000 };
  scene.fleet.progress(name, { role: 'worker', name, document, ...units, ...times });
}

const STEPS_OF_A_JOB = 3;

function teach(harness: RecoveryHarness, stepS: number, jobs: number): void {
  const { fleet } = harness.scene;
  for (let job = 0; job < jobs; job++) {
    const startedAtS = fleet.nowMs / 1000;
    for (let done = 0; done < STEPS_OF_A_JOB; done++) {
      tell(harness, HUNG, { document: `PMC-taught-${job}`, startedAtS, done });
      fleet.pass(stepS);
    }
    fleet.progress(HUNG, undefined);
    fleet.judge();
    fleet.pass(1);
  }
  fleet.judge();
}

/** Both at work for 110 minutes; one of them hangs on the way. Gives what was decided about the long job. */
async function workAndHang(
  harness: RecoveryHarness,
  { stepS, hungStepS }: { readonly stepS: number | undefined; readonly hungStepS: number },
): Promise<Set<string>> {
  const { fleet } = harness.scene;
  const startedAtS = fleet.nowMs / 1000;
  const decided = new Set<string>();
  let usedS = 1000;
  for (let passedS = 0; passedS < LONG_S; passedS += LOOK_S) {
    usedS += CPU_SHARE * LOOK_S;
    fleet.cpu(LONG, usedS);
    const done = stepS === undefined ? undefined : Math.floor(passedS / stepS);
    if (passedS === 0 || passedS % (stepS ?? LONG_S) === 0) {
      tell(harness, LONG, { document: 'PMC-long', startedAtS, done });
    }
    if (passedS <= HANGS_AT_S) {
      fleet.cpu(HUNG, usedS);
      if (passedS % hungStepS === 0)
        tell(harness, HUNG, { document: 'PMC-hung', startedAtS, done: passedS / hungStepS });
    }
    await harness.look();
    for (const { name, decision, reason } of harness.recovery.picture.plans) {
      if (name === LONG) decided.add(`${decision} ${reason}`);
    }
  }
  return decided;
}

describe('a legitimate job of 110 minutes, with recovery on', () => {
  for (const { pace, stepS: taughtS, jobs, origin, stallMs } of PACES) {
    for (const { habit, stepS } of HABITS) {
      it(`that ${habit} is left alone where ${pace}, and a hung one beside it is restarted`, async () => {
        const harness = createRecoveryHarness(CONFIG);
        for (const name of [LONG, HUNG]) harness.scene.fleet.container(name);
        teach(harness, taughtS, jobs);
        const limits = harness.scene.fleet.evaluation.verdicts.limits.get('G3');
        assert.deepEqual([limits?.origin, limits?.stallMs], [origin, stallMs]);

        const decided = await workAndHang(harness, { stepS, hungStepS: taughtS });
        // Found after fast steps have taught a short limit, it is left to people: it is not still.
        const isFound = stepS !== undefined && stallMs === 60_000;
        assert.deepEqual([...decided], isFound ? ['notify busy'] : []);
        const asked = harness.entries('restart_planned').map(({ container }) => container);
        assert.deepEqual(asked, [HUNG], 'the hung one, once');
        const { containers } = harness.scene.fleet.store.fleet;
        assert.equal(containers.get(LONG)?.counters.restarts.stagewatch, 0);
        assert.equal(containers.get(HUNG)?.counters.restarts.stagewatch, 1);
      });
    }
  }
});
