/** Restarts that the engine rejects, and carries out minutes later all the same: no worker stays down by our doing. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { RestartAnswer } from '../../src/fleet/engine-answers.js';
import {
  createRecoveryHarness,
  type RecoveryHarness,
  restartContainer,
} from '../support/recovery-harness.js';
import { STALL_S } from '../support/recovery-scene.js';

const W = 'paddle-worker-gpu0-0';
const ID = `id-of-${W}`;
const SIGTERM = 15;
const SIGKILL = 9;
const PROBLEM = 'HTTP 500: tried to kill container, but did not receive an exit event';

/** Stuck, and its engine rejects each restart of one that runs after `tookS`; it starts what is down. */
async function rejected(how: { tookS?: number; isKillSeen?: boolean; config?: object } = {}) {
  const { tookS = 15, isKillSeen = true, config = {} } = how;
  let reject = (): void => undefined;
  const harness = createRecoveryHarness(config);
  const { scene } = harness;
  scene.work(W);
  harness.engine = {
    ...harness.engine,
    async restart(): Promise<RestartAnswer> {
      harness.steps.push('restart');
      if (stateOf(harness) !== 'running') {
        start(harness);
        return { kind: 'done' };
      }
      if (isKillSeen) for (const signal of [SIGTERM, SIGKILL]) requestEnd(harness, signal);
      return new Promise((resolve) => {
        reject = () => resolve({ kind: 'rejected', status: 500, problem: PROBLEM });
      });
    },
  };
  await harness.lookFor(STALL_S + 20);
  assert.equal(asked(harness), 1);
  await harness.lookFor(tookS);
  reject();
  await harness.look();
  assert.equal(ends(harness)[0]?.['result'], 'failed');
  return Object.assign(harness, { reject: () => reject() });
}

const asked = ({ steps }: RecoveryHarness): number => steps.filter((step) => step === 'restart').length;
const ends = ({ entries }: RecoveryHarness) => entries('restart_ended');
const planOf = ({ recovery }: RecoveryHarness) => recovery.picture.plans.find(({ name }) => name === W);
const findings = ({ scene }: RecoveryHarness) => [...scene.fleet.evaluation.verdicts.findings.values()];
const containerOf = ({ scene }: RecoveryHarness) => scene.fleet.store.fleet.containers.get(W);
const stateOf = (harness: RecoveryHarness) => containerOf(harness)?.state;

function turnOff({ recovery, scene: { config } }: RecoveryHarness): void {
  recovery.setSettings({ ...config, recovery: { ...config.recovery, enabled: false } });
}

function requestEnd({ scene: { fleet } }: RecoveryHarness, signal: number): void {
  fleet.store.apply({
    kind: 'container-event',
    event: { id: ID, action: 'stop', atMs: fleet.nowMs, signal },
  });
}

/** The signal that was pending takes effect. */
function end({ scene: { fleet } }: RecoveryHarness, exitCode = 137): void {
  const startedAtMs = fleet.store.fleet.containers.get(W)?.startedAtMs;
  const atMs = fleet.nowMs;
  fleet.store.apply({ kind: 'container-event', event: { id: ID, action: 'die', atMs, exitCode } });
  fleet.container(W, {
    state: 'exited',
    finishedAtMs: atMs,
    exitCode,
    ...(startedAtMs !== undefined && { startedAtMs }),
  });
}

function start({ scene: { fleet } }: RecoveryHarness): void {
  const atMs = fleet.nowMs;
  fleet.store.apply({ kind: 'container-event', event: { id: ID, action: 'start', atMs } });
  fleet.container(W, { startedAtMs: atMs });
}

describe('a restart that the engine rejects', () => {
  it('and carries out two minutes later is finished by stagewatch: the worker is started again', async () => {
    const harness = await rejected();
    await harness.lookFor(120);
    assert.equal(asked(harness), 1, 'who does not end by SIGKILL is not asked to again');
    assert.equal(planOf(harness)?.reason, 'cannot_end');
    end(harness);
    await harness.lookFor(15);
    assert.equal(harness.entries('restart_took_effect').length, 1);
    assert.equal(stateOf(harness), 'running');
    harness.scene.work(W, { document: 'PMC-again' });
    await harness.lookFor(10);
    assert.deepEqual(
      ends(harness).map(({ result }) => result),
      ['failed', 'recovered'],
    );
    const memory = harness.recovery.picture.memory.containers.get(W);
    assert.deepEqual(
      [memory?.failed, memory?.pending, memory?.leftDownAtMs],
      [undefined, undefined, undefined],
    );
  });

  for (const [when, save] of [
    ['before its state was written, after the journal', false],
    ['after its state was written', true],
  ] as const) {
    it(`is not forgotten by a daemon that ends ${when}`, async () => {
      const harness = await rejected();
      if (save) harness.save();
      harness.dieAndStart();
      await harness.lookFor(30);
      harness.save();
      end(harness);
      harness.dieAndStart();
      await harness.lookFor(15);
      assert.equal(stateOf(harness), 'running');
      assert.equal(harness.entries('restart_took_effect').length, 1);
    });
  }

  it('starts its worker though a daemon that was restarted holds its WorkerStuck open, unconfirmed', async () => {
    const harness = await rejected();
    const { scene } = harness;
    turnOff(harness);
    const stuck = findings(harness).find(({ kind }) => kind === 'WorkerStuck');
    assert.ok(stuck);
    end(harness);
    await harness.look();
    scene.also.push({ ...stuck, isUnconfirmed: true });
    scene.memory = harness.recovery.picture.memory;
    scene.fleet.pass(600);
    assert.equal(scene.planOf(W)?.why, 'left_down');
  });

  it('leaves its worker down as a WorkerDown that says whose doing it is, where it may not start it', async () => {
    const harness = await rejected();
    turnOff(harness);
    end(harness);
    await harness.lookFor(45);
    assert.equal(asked(harness), 1);
    const found = findings(harness).find(({ kind }) => kind === 'WorkerDown');
    assert.match(
      found?.summary ?? '',
      /ended by signal 9 by a restart by stagewatch, which failed to start it/,
    );
    assert.equal(planOf(harness)?.reason, 'disabled');
  });

  it('and that its worker has outlived by far is not blamed for how that ends one day', async () => {
    const harness = await rejected({ isKillSeen: false, config: { recovery: { backoff_reset: '10m' } } });
    for (let step = 0; step < 150; step++) {
      harness.scene.work(W, { document: 'PMC-later', more: { done: step } });
      await harness.lookFor(5);
    }
    end(harness, 139);
    await harness.lookFor(60);
    assert.deepEqual(harness.entries('restart_took_effect'), []);
    assert.equal(asked(harness), 1);
    assert.equal(
      findings(harness)
        .find(({ kind }) => kind === 'WorkerDown')
        ?.evidence.join()
        .includes('stagewatch'),
      false,
    );
  });

  it('leaves it to whoever asked it to end since', async () => {
    const harness = await rejected();
    await harness.lookFor(30);
    requestEnd(harness, SIGTERM);
    requestEnd(harness, SIGKILL);
    await harness.look();
    await harness.lookFor(20);
    end(harness);
    await harness.lookFor(60);
    assert.equal(asked(harness), 1);
    assert.equal(stateOf(harness), 'exited');
    assert.equal(
      findings(harness).some(({ kind }) => kind === 'WorkerDown'),
      false,
    );
  });

  it('leaves it to whoever stops it in one go', async () => {
    const harness = await rejected();
    await harness.lookFor(60);
    requestEnd(harness, SIGTERM);
    end(harness, 143);
    await harness.lookFor(60);
    assert.equal(asked(harness), 1);
  });

  it('leaves it to whoever started it again meanwhile', async () => {
    const harness = await rejected();
    restartContainer(harness.scene, W);
    harness.scene.work(W, { document: 'PMC-again' });
    await harness.lookFor(20);
    assert.equal(harness.recovery.picture.memory.containers.get(W)?.pending, undefined);
    assert.equal(asked(harness), 1);
  });

  it('is tried again after a back-off from its end, and every view can say that it failed', async () => {
    const config = { recovery: { backoff: '60s', container_budget: 2 } };
    const harness = await rejected({ tookS: 50, isKillSeen: false, config });
    await harness.look();
    const plan = planOf(harness);
    assert.equal(plan?.reason, 'backoff', 'though it began more than 60 s ago');
    assert.match(plan?.text ?? '', /^restart failed once: the engine answered HTTP 500: tried to kill/);
    assert.equal(plan?.failed?.count, 1);
    await harness.lookFor(40);
    assert.equal(asked(harness), 1);
    await harness.lookFor(30);
    assert.equal(asked(harness), 2);
    await harness.lookFor(50);
    harness.reject();
    await harness.look();
    assert.equal(planOf(harness)?.reason, 'container_budget');
    assert.match(planOf(harness)?.text ?? '', /^restart failed 2 times: /);
    const [exhausted] = harness.recovery.ownFindings();
    assert.match(exhausted?.found[0]?.summary ?? '', /^restart failed 2 times/);
    end(harness);
    await harness.lookFor(135);
    assert.equal(stateOf(harness), 'running', 'what it stopped it starts, though the budget is used up');
  });

  it('and that refuses it without having begun is not waited for', async () => {
    const harness = createRecoveryHarness();
    harness.scene.work(W);
    harness.engine = {
      ...harness.engine,
      restart: () => Promise.resolve({ kind: 'rejected', status: 403, problem: 'HTTP 403: no' }),
    };
    await harness.lookFor(STALL_S + 20);
    assert.equal(harness.recovery.picture.memory.containers.get(W)?.pending, undefined);
  });
});
