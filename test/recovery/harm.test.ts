/** Attempts to make recovery do harm: what changes between plan and call, clocks that jump, a state file that is lost. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { configSchema } from '../../src/config/schema.js';
import { createLookWatch } from '../../src/recovery/look-watch.js';
import { createRecoveryHarness, type RecoveryHarness } from '../support/recovery-harness.js';
import { STALL_S } from '../support/recovery-scene.js';

const W = 'paddle-worker-gpu0-0';
const LOOK_S = 5;

const restarts = ({ steps }: RecoveryHarness): number => steps.filter((step) => step === 'restart').length;
const refusals = ({ entries }: RecoveryHarness) => entries('restart_refused').map(({ reason }) => reason);

function begin(config: object = {}): RecoveryHarness {
  const harness = createRecoveryHarness(config);
  harness.scene.work(W);
  return harness;
}

/** As the file is read anew; the harness restarts by itself unless this says otherwise. */
function reload({ recovery }: RecoveryHarness, change: object, stage: object = {}): void {
  recovery.setSettings(
    configSchema.parse({
      stages: [{ id: 'G3', workers: 'paddle-worker-*', queue: 'g3', stall_after: `${STALL_S}s`, ...stage }],
      recovery: { enabled: true, dry_run: false, ...change },
    }),
  );
}

/** While its log is read, after the plan was made and before the engine is asked. */
const MEANWHILE: Readonly<Record<string, { do: (harness: RecoveryHarness) => void; reason: string }>> = {
  'its container is renamed': {
    do: ({ scene }) => scene.fleet.container(`0a1b_${W}`, { id: `id-of-${W}` }),
    reason: 'container_changed',
  },
  'another container takes its name': {
    do({ scene }) {
      scene.fleet.store.apply({ kind: 'container-vanished', id: `id-of-${W}` });
      scene.fleet.container(W, { id: 'another' });
    },
    reason: 'container_changed',
  },
  'its container is stopped': {
    do: ({ scene }) => scene.fleet.container(W, { state: 'exited', finishedAtMs: scene.fleet.nowMs }),
    reason: 'container_changed',
  },
  'its label forbids it': {
    do: ({ scene }) => scene.fleet.container(W, { labels: { 'stagewatch.restart': 'false' } }),
    reason: 'label',
  },
  'recovery is turned off': {
    do: (harness) => reload(harness, { enabled: false }),
    reason: 'disabled',
  },
  'a dry run is asked for': {
    do: (harness) => reload(harness, { dry_run: true }),
    reason: 'disabled',
  },
  'its stage is set to notify only': {
    do: (harness) => reload(harness, {}, { on_stuck: 'notify' }),
    reason: 'stage_notify',
  },
  'the broker stops': {
    do: ({ scene }) => scene.fleet.setUp('rabbitmq', false),
    reason: 'source_stale',
  },
  'it uses CPU time again': {
    do({ scene }) {
      scene.fleet.cpu(W, 200);
      scene.fleet.judgeFor(LOOK_S);
    },
    reason: 'progress_resumed',
  },
};

describe('a restart that is planned is not done when meanwhile', () => {
  for (const [what, { do: change, reason }] of Object.entries(MEANWHILE)) {
    it(what, async () => {
      const harness = begin();
      let isDone = false;
      harness.onStep = (step) => {
        if (step !== 'logs' || isDone) return;
        isDone = true;
        change(harness);
      };
      await harness.lookFor(STALL_S + 20);
      assert.ok(isDone, 'it was planned');
      assert.equal(refusals(harness)[0], reason);
      assert.equal(restarts(harness), 0);
      const { memory } = harness.recovery.picture;
      assert.deepEqual([memory.fleetRestartsAtMs, memory.inFlight.size], [[], 0], 'no budget is used');
    });
  }
});

describe('a clock that jumps', () => {
  /** At work all the time: a tenth of a core, and a step at each look. */
  async function workFor(harness: RecoveryHarness, seconds: number, from: number): Promise<void> {
    for (let passedS = 0; passedS < seconds; passedS += LOOK_S) {
      const done = from + passedS;
      harness.scene.work(W, { more: { done, total: 100_000, started_at: 1_763_890_000 } });
      harness.scene.fleet.cpu(W, 100 + done * 0.1);
      await harness.look();
    }
  }

  it('makes a worker at work look hung, and nobody is restarted for it', async () => {
    const harness = begin({ recovery: { max_lost_work: '6h' } });
    await workFor(harness, 300, 0);
    harness.scene.fleet.pass(110);
    await harness.lookFor(2 * LOOK_S);
    assert.equal(harness.scene.fleet.statusOf(W), 'stuck', 'it seems so');
    assert.deepEqual(
      harness.recovery.picture.plans.map(({ decision, reason }) => [decision, reason]),
      [['wait', 'unconfirmed']],
    );
    await workFor(harness, 300, 300);
    assert.equal(restarts(harness), 0);
    await harness.lookFor(STALL_S + 20);
    assert.equal(restarts(harness), 1, 'when it hangs for certain');
  });

  for (const [what, wallS, passedS, isHeld] of [
    ['set forward', 60, 5, true],
    ['set back', -3600, 5, true],
    ['paused with its machine', 120, 120, true],
    ['a little late', 15, 15, false],
    ['on time', 5, 5, false],
  ] as const) {
    it(`is noticed between two looks: ${what}`, () => {
      const watch = createLookWatch();
      const before = { nowMs: 1e12, monotonicMs: 1000 };
      watch.note(before, LOOK_S * 1000);
      assert.equal(watch.hold(before.monotonicMs), undefined);
      const after = { nowMs: 1e12 + wallS * 1000, monotonicMs: 1000 + passedS * 1000 };
      watch.note(after, LOOK_S * 1000);
      assert.equal(watch.hold(after.monotonicMs)?.reason, isHeld ? 'unconfirmed' : undefined);
      assert.equal(watch.hold(after.monotonicMs + 120_000), undefined, 'over after two minutes');
    });
  }
});

describe('a state file', () => {
  const none = { containers: {}, fleetRestartsAtMs: [], inFlight: {}, dryRuns: {} };
  const AFTER: Readonly<Record<string, unknown>> = {
    'that is lost': undefined,
    'whose containers are a list': { ...none, containers: [] },
    'that holds nothing': {},
    'that is a text': 'recovery',
    'whose times are words': {
      ...none,
      containers: { [W]: { restartsAtMs: ['yesterday'], streak: 1 } },
      fleetRestartsAtMs: [null],
    },
  };
  for (const [what, state] of Object.entries(AFTER)) {
    it(`${what} wins nobody a budget: the journal tells what was used of it`, async () => {
      const harness = begin({ recovery: { container_budget: 1, fleet_budget: 5 } });
      await harness.lookFor(STALL_S + 20);
      assert.equal(restarts(harness), 1);
      harness.disk.state = state;
      harness.dieAndStart();
      harness.scene.work(W);
      await harness.lookFor(STALL_S + 150);
      assert.equal(restarts(harness), 1);
      assert.equal(harness.recovery.picture.plans[0]?.reason, 'container_budget');
      assert.equal(harness.recovery.picture.memory.fleetRestartsAtMs.length, 1);
    });
  }

  it('that can be read in part keeps what is in it', async () => {
    const harness = begin({ recovery: { container_budget: 1, fleet_budget: 5 } });
    await harness.lookFor(STALL_S + 20);
    const known = { restartsAtMs: [harness.scene.fleet.nowMs - 1000], streak: 1 };
    harness.disk.state = { ...none, containers: { other: known, third: 7 } };
    harness.dieAndStart();
    const { containers } = harness.recovery.picture.memory;
    assert.deepEqual([...containers.keys()].toSorted(), ['other', W, 'third'].toSorted());
    assert.deepEqual(containers.get('other'), known);
  });
});
