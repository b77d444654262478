/** A stage that hangs as a whole: one worker is restarted as a probe, and the others follow only when it has finished a job. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { withDryRun, withEnd, withRestart } from '../../src/recovery/memory-changes.js';
import { planRecovery } from '../../src/recovery/plan.js';
import { createRecoveryScene, finding, flight, type RecoveryScene } from '../support/recovery-scene.js';

const NAMES = [0, 1, 2, 3].map((index) => `paddle-worker-gpu0-${index}`);
const [FIRST = '', SECOND = ''] = NAMES;
/** The default limit, by which patience with what many wait for is measured, from the last step on. */
const PATIENCE_S = 300;

/** All hang, for longer than the patience. */
function hangTogether(config: object = {}, forS = PATIENCE_S + 60): RecoveryScene {
  const scene = createRecoveryScene(config);
  for (const name of NAMES) scene.work(name);
  scene.fleet.judgeFor(forS);
  assert.ok(scene.fleet.open().includes('CommonCause:stage:G3'));
  return scene;
}

const reasons = (scene: RecoveryScene): readonly string[] =>
  NAMES.map((name) => scene.planOf(name)?.reason ?? 'none');

/** Its restart is over: it runs again, and has taken up a job. */
function restarted(scene: RecoveryScene, name: string): void {
  const { fleet } = scene;
  scene.memory = withRestart(scene.memory, name, flight(name, { askedAtMs: fleet.nowMs }));
  fleet.container(name, { startedAtMs: fleet.nowMs });
  fleet.progress(name, undefined);
  fleet.judgeFor(10);
  scene.work(name, { document: 'PMC-again' });
  scene.memory = withEnd(scene.memory, name, { atMs: fleet.nowMs });
  fleet.judgeFor(5);
}

describe('a stage that hangs as a whole', () => {
  it('is left alone at first: what many wait for often comes back by itself', () => {
    const scene = hangTogether({}, 130);
    assert.deepEqual(new Set(reasons(scene)), new Set(['common_cause']));
    const plan = scene.planOf(FIRST);
    assert.match(plan?.text ?? '', /when that has lasted 5m00s, one of them is restarted as a probe/);
    assert.ok((plan?.nextAllowedAtMs ?? 0) > scene.fleet.nowMs);
  });

  it('has one worker restarted as a probe, and no other until that has finished a job', () => {
    const scene = hangTogether();
    assert.deepEqual(reasons(scene), ['probe', 'one_at_a_time', 'one_at_a_time', 'one_at_a_time']);
    const inFlight = flight(FIRST, { askedAtMs: scene.fleet.nowMs });
    scene.memory = withRestart(scene.memory, FIRST, inFlight);
    const others = ['probe_under_way', 'probe_under_way', 'probe_under_way'];
    assert.deepEqual(reasons(scene), ['in_flight', ...others]);

    scene.memory = { ...scene.memory, inFlight: new Map() };
    restarted(scene, FIRST);
    assert.deepEqual(reasons(scene), ['none', ...others], 'to take up a job proves nothing');

    scene.fleet.progress(FIRST, undefined);
    scene.fleet.judgeFor(5);
    assert.deepEqual(reasons(scene), ['none', 'stuck', 'one_at_a_time', 'one_at_a_time']);
  });

  it('is left alone when the probe hangs again', () => {
    const scene = hangTogether();
    restarted(scene, FIRST);
    scene.fleet.judgeFor(140);
    assert.equal(scene.fleet.statusOf(FIRST), 'stuck');
    assert.deepEqual(new Set(reasons(scene)), new Set(['common_cause']));
    assert.match(scene.planOf(SECOND)?.text ?? '', new RegExp(`${FIRST} was restarted .* did not cure it`));
  });

  it('is left alone when a later one hangs again, although the probe worked', () => {
    const scene = hangTogether();
    restarted(scene, FIRST);
    scene.fleet.progress(FIRST, undefined);
    restarted(scene, SECOND);
    scene.fleet.judgeFor(140);
    assert.equal(scene.fleet.statusOf(SECOND), 'stuck');
    assert.equal(scene.planOf(NAMES[2] ?? '')?.reason, 'common_cause');
  });

  it('is left alone when the engine rejected the probe', () => {
    const scene = hangTogether();
    const { nowMs } = scene.fleet;
    scene.memory = withRestart(scene.memory, FIRST, flight(FIRST, { askedAtMs: nowMs }));
    scene.memory = withEnd(scene.memory, FIRST, { atMs: nowMs, failure: 'HTTP 500' });
    assert.deepEqual(new Set(reasons(scene)), new Set(['common_cause']));
  });

  it('has one probe reported by a dry run', () => {
    const scene = hangTogether({ recovery: { dry_run: true } });
    assert.equal(reasons(scene)[0], 'probe');
    scene.memory = withDryRun(scene.memory, `WorkerStuck:${FIRST}`, scene.fleet.nowMs);
    const others = ['probe_under_way', 'probe_under_way', 'probe_under_way'];
    assert.deepEqual(reasons(scene), ['dry_run_done', ...others]);
    assert.match(scene.planOf(SECOND)?.text ?? '', new RegExp(`^${FIRST} would be restarted first`));
  });

  it('proves nothing by a job that failed', () => {
    const scene = hangTogether();
    restarted(scene, FIRST);
    scene.fleet.progress(FIRST, { role: 'worker', name: FIRST, document: 'PMC-again', state: 'failed' });
    scene.fleet.judgeFor(5);
    assert.equal(scene.planOf(SECOND)?.reason, 'probe_under_way');
  });

  const KNOWN: Readonly<Record<string, (scene: RecoveryScene) => void>> = {
    'a GPU is at fault, also another one': ({ also }) =>
      void also.push(finding('GpuError', { gpu: '1' }, 'GPU 1 is gone')),
    'nothing moves in the whole pipeline': ({ also }) =>
      void also.push(finding('PipelineStandstill', {}, 'nothing moves')),
    'another stage hangs as well': ({ also }) =>
      void also.push(finding('CommonCause', { stage: 'G9' }, '3 of 3 workers')),
    'its queue is gone': ({ fleet }) => fleet.queue('g3', { status: 'missing' }),
  };
  for (const [what, happen] of Object.entries(KNOWN)) {
    it(`is left alone where ${what}`, () => {
      const scene = hangTogether();
      happen(scene);
      assert.deepEqual(new Set(reasons(scene)), new Set(['common_cause']));
    });
  }

  it('is left alone where no exporter tells of GPUs', () => {
    const scene = hangTogether();
    const input = scene.input();
    const sources = new Map([...input.fleet.sources].filter(([name]) => name !== 'dcgm'));
    const plans = planRecovery({ ...input, fleet: { ...input.fleet, sources } });
    assert.deepEqual(new Set(plans.map(({ reason }) => reason)), new Set(['common_cause']));
    assert.match(plans[0]?.text ?? '', /whether GPU 0 is at fault is not known/);
  });

  it('is left alone where probes are turned off', () => {
    const scene = hangTogether({ recovery: { probe_common_cause: false } });
    assert.deepEqual(new Set(reasons(scene)), new Set(['common_cause']));
  });
});
