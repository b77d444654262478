/** A legitimate job of 110 minutes, in the habits that workers have of telling of it: recovery leaves it alone. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createRecoveryHarness, type RecoveryHarness } from '../support/recovery-harness.js';

const W = 'paddle-worker-gpu0-0';
const MINUTES = 110;
/** Beyond the limit of any of them, learned ones included. */
const HANGS_MINUTES = 35;
const LOOKS_A_MINUTE = 12;

/** What the worker writes in the minute, if anything; it uses a core all the time. */
type Habit = (minute: number) => object | undefined;

const HABITS: Readonly<Record<string, Habit>> = {
  'tells only that it has begun': () => undefined,
  'has no units, and a heartbeat': () => ({ done: undefined, total: undefined }),
  'has a step every eleven minutes': (minute) =>
    minute % 11 === 0 ? { done: minute / 11, total: 10 } : undefined,
  'has a step every eleven minutes, and a heartbeat': (minute) => ({
    done: Math.floor(minute / 11),
    total: 10,
  }),
};

function begin(): RecoveryHarness {
  const harness = createRecoveryHarness({ stage: { stall_after: '5m' }, recovery: { max_lost_work: '6h' } });
  harness.scene.work(W, { more: { done: undefined, total: undefined } });
  return harness;
}

async function workFor(minutes: number, harness: RecoveryHarness, habit: Habit): Promise<void> {
  const { scene } = harness;
  const { fleet } = scene;
  const beganAtMs = fleet.nowMs;
  for (let look = 0; look < minutes * LOOKS_A_MINUTE; look++) {
    const written = look % LOOKS_A_MINUTE === 0 ? habit(look / LOOKS_A_MINUTE) : undefined;
    const ranS = (fleet.nowMs - beganAtMs) / 1000;
    if (written) scene.work(W, { ranS, more: written });
    fleet.cpu(W, 100 + ranS);
    await harness.look();
  }
}

const restarts = ({ steps }: RecoveryHarness): number => steps.filter((step) => step === 'restart').length;

describe('a job of 110 minutes', () => {
  for (const [what, habit] of Object.entries(HABITS)) {
    it(`is left alone by recovery when its worker ${what}, and restarted when it hangs`, async () => {
      const harness = begin();
      await workFor(MINUTES, harness, habit);
      assert.deepEqual(harness.entries('restart_planned'), []);
      assert.equal(restarts(harness), 0);
      assert.ok(!harness.scene.fleet.open().some((id) => id.startsWith('WorkerStuck')));
      await harness.lookFor(HANGS_MINUTES * 60);
      assert.equal(restarts(harness), 1);
    });
  }
});
