import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Scene } from '../../src/detectors/scene.js';
import { workerSpinning } from '../../src/detectors/worker-spinning.js';
import type { JudgedFleet } from '../support/judged-fleet.js';
import { found, gpu, job, readGpus, stageFleet, W } from '../support/pipeline-events.js';

const STALL_S = 60;

/** GPU 1 is the worker's, GPU 0 another one of the model. */
function read(fleet: JudgedFleet, utilizationRatio: number, powerWatts: number): void {
  const model = 'NVIDIA B200';
  readGpus(
    fleet,
    gpu('0', { model, utilizationRatio: 0, powerWatts: 140 }),
    gpu('1', { model, utilizationRatio, powerWatts }),
  );
}

interface Play {
  /** For so long the other GPU was seen idle before. */
  readonly idleSeconds?: number;
  readonly utilization?: number;
  readonly watts?: number;
  readonly seconds?: number;
  readonly steps?: boolean;
  readonly livelockAfter?: string;
}

/** A worker whose progress stands still while it uses CPU. */
function play({
  idleSeconds = 600,
  utilization = 0.98,
  watts = 150,
  seconds = 300,
  steps = false,
  livelockAfter = '2h',
}: Play): JudgedFleet {
  const limits = { stall_after: `${STALL_S}s`, livelock_after: livelockAfter };
  const fleet = stageFleet({ stages: [{ id: 'G3', queue: 'g3', workers: 'paddle-worker-*', ...limits }] });
  fleet.container(W);
  for (let passed = 0; passed < idleSeconds; passed += 10) {
    fleet.pass(10);
    read(fleet, 0.5, 600);
    fleet.judge();
  }
  fleet.progress(W, job(fleet, { stage: 'G3' }));
  for (let passed = 0; passed < seconds; passed += 5) {
    fleet.pass(5);
    fleet.cpu(W, idleSeconds + passed);
    if (steps) fleet.progress(W, job(fleet, { stage: 'G3', done: 13 + passed / 5, total: 500 }));
    read(fleet, utilization, watts);
    fleet.judge();
  }
  return fleet;
}

describe('WorkerSpinning', () => {
  it('is a worker without progress whose GPU is fully used at idle power', () => {
    const fleet = play({});
    assert.equal(fleet.statusOf(W), 'slow');
    assert.equal(found(fleet, 'WorkerSlow'), undefined, 'one warning is enough');
    const finding = found(fleet, 'WorkerSpinning');
    assert.match(
      finding?.summary ?? '',
      /^[45]m\d\ds without progress, and GPU 1 is 98 % used at idle power$/,
    );
    assert.match(
      finding?.evidence[0] ?? '',
      /^GPU 1 draws 150 W for [45]m\d\ds; idle ones of its model 140 W$/,
    );
    assert.match(finding?.evidence[1] ?? '', /^no progress for/);
    assert.deepEqual([finding?.subject.container, finding?.subject.stage], [W, 'G3']);
  });

  const silent: readonly (readonly [what: string, play: Play])[] = [
    ['draws power for what it does', { watts: 600 }],
    ['is not fully used', { utilization: 0.5 }],
    ['has done so for less than 2 minutes', { seconds: 115 }],
    ['is of a model that nobody saw idle', { idleSeconds: 0, seconds: 240 }],
    ['has a worker whose progress moves', { steps: true }],
  ];
  for (const [what, how] of silent) {
    it(`is none where the GPU ${what}`, () => {
      assert.equal(found(play(how), 'WorkerSpinning'), undefined);
    });
  }

  it('is none where a worker is slow only because its job is long', () => {
    const { fleet } = play({}).store;
    const [[identity] = ['']] = fleet.gpus;
    const held = { beganAtMs: 0, heldMs: 600_000, seenAtMs: 600_000, isResting: false };
    const detectAt = (silentMs: number) => {
      const verdict = { status: 'slow', silentMs, standing: { stage: 'G3', container: W }, evidence: [] };
      const scene = {
        fleet: { ...fleet, gpuLinks: [{ container: W, identity }], gpus: fleet.gpus, workers: fleet.workers },
        isFresh: () => true,
        notable: new Map([[W, verdict]]),
        limits: new Map([['G3', { stallMs: 60_000 }]]),
        histories: { gpuSpins: { held: new Map([[identity, held]]), idleWatts: () => 140 } },
        nowMs: 600_000,
      };
      return workerSpinning.detect(scene as unknown as Scene).found.length;
    };
    assert.deepEqual([detectAt(59_000), detectAt(61_000)], [0, 1]);
  });

  it('takes the place of WorkerSlow where that was open before', () => {
    const fleet = play({ utilization: 0.5 });
    assert.ok(found(fleet, 'WorkerSlow'));
    for (let passed = 0; passed < 130; passed += 5) {
      fleet.pass(5);
      fleet.cpu(W, 2000 + passed);
      read(fleet, 0.98, 150);
      fleet.judge();
    }
    assert.ok(found(fleet, 'WorkerSpinning'));
    fleet.judge();
    assert.equal(found(fleet, 'WorkerSlow'), undefined);
  });

  it('is over when its job ends', () => {
    const fleet = play({});
    fleet.progress(W, undefined);
    for (let passed = 0; passed < 70; passed += 5) {
      fleet.pass(5);
      read(fleet, 0, 140);
      fleet.judge();
    }
    assert.equal(found(fleet, 'WorkerSpinning'), undefined);
  });

  it('gives way to WorkerStuck at once, when the limit for busy workers has passed', () => {
    const fleet = play({ livelockAfter: '5m', seconds: 290 });
    assert.ok(found(fleet, 'WorkerSpinning'));
    for (let passed = 0; passed < 30; passed += 5) {
      fleet.pass(5);
      fleet.cpu(W, 2000 + passed);
      read(fleet, 0.98, 150);
      fleet.judge();
    }
    assert.equal(fleet.statusOf(W), 'stuck');
    assert.equal(found(fleet, 'WorkerSpinning'), undefined);
  });

  it('is not known while the exporter cannot be read', () => {
    const fleet = play({});
    fleet.setUp('dcgm', false);
    fleet.judgeFor(120);
    assert.equal(found(fleet, 'WorkerSpinning')?.isUnconfirmed, true);
  });
});
