import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { configSchema } from '../../src/config/schema.js';
import { createEvaluation } from '../../src/detectors/evaluation.js';
import type { JudgedFleet } from '../support/judged-fleet.js';
import { end, event, found, stageFleet, W } from '../support/pipeline-events.js';

/** Ends, waits a minute as the engine does at last, and starts again. */
function crash(fleet: JudgedFleet): void {
  event(fleet, `id-of-${W}`, 'die', 1);
  fleet.container(W, { state: 'restarting', exitCode: 1, finishedAtMs: fleet.nowMs, hasRestartPolicy: true });
  fleet.judgeFor(60);
  event(fleet, `id-of-${W}`, 'start');
  fleet.container(W, { startedAtMs: fleet.nowMs, hasRestartPolicy: true });
  fleet.judgeFor(15);
}

describe('a crash loop under a restart policy', () => {
  it('is one finding, beside which no other opens and clears', () => {
    const fleet = stageFleet();
    fleet.container(W, { hasRestartPolicy: true });
    fleet.judgeFor(5);
    const opened: string[] = [];
    const { evaluate } = fleet.evaluation;
    fleet.evaluation.evaluate = (nowMs) => {
      const outcome = evaluate(nowMs);
      opened.push(...outcome.opened.map(({ kind }) => kind));
      return outcome;
    };
    for (let time = 0; time < 12; time++) crash(fleet);
    assert.deepEqual(opened, ['WorkerCrashLooping']);
  });

  it('is the cause when its worker stays down at last', () => {
    const fleet = stageFleet();
    fleet.container(W);
    fleet.judgeFor(5);
    for (let time = 0; time < 3; time++) crash(fleet);
    end(fleet, W, 1);
    fleet.judgeFor(60);
    assert.equal(found(fleet, 'WorkerDown')?.consequenceOf, `WorkerCrashLooping:${W}`);
    fleet.judgeFor(900);
    assert.equal(found(fleet, 'WorkerCrashLooping'), undefined);
    assert.ok(found(fleet, 'WorkerDown'));
    assert.equal(found(fleet, 'WorkerDown')?.consequenceOf, undefined);
  });

  it('stays open over a restart of the daemon until a window tells that it is over', () => {
    const before = stageFleet();
    before.container(W, { hasRestartPolicy: true });
    before.judgeFor(5);
    for (let time = 0; time < 3; time++) crash(before);
    const after = stageFleet();
    after.container(W, { hasRestartPolicy: true });
    const evaluation = createEvaluation({
      fleet: after.store.fleet,
      settings: configSchema.parse({}),
      savedFindings: JSON.parse(JSON.stringify(before.evaluation.saveFindings())),
    });
    const isOpen = (): boolean => evaluation.verdicts.findings.has(`WorkerCrashLooping:${W}`);
    const passMinutes = (minutes: number): void => {
      for (let passed = 0; passed < minutes * 4; passed++) {
        after.pass(15);
        evaluation.evaluate(after.nowMs);
      }
    };
    passMinutes(9);
    assert.equal(isOpen(), true);
    passMinutes(3);
    assert.equal(isOpen(), false);
  });

  it('is over once it is stopped, and is not found again by its old ends when it is started', () => {
    const fleet = stageFleet();
    fleet.container(W, { hasRestartPolicy: true });
    fleet.judgeFor(5);
    for (let time = 0; time < 3; time++) crash(fleet);
    assert.ok(found(fleet, 'WorkerCrashLooping'));
    end(fleet, W, 1);
    event(fleet, `id-of-${W}`, 'stop');
    fleet.judgeFor(65);
    assert.deepEqual(fleet.open(), []);
    event(fleet, `id-of-${W}`, 'start');
    fleet.container(W, { startedAtMs: fleet.nowMs, hasRestartPolicy: true });
    fleet.judgeFor(60);
    assert.deepEqual(fleet.open(), []);
  });
});
