import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { JudgedFleet } from '../support/judged-fleet.js';
import { fail, found, openedWhile, stageFleet } from '../support/pipeline-events.js';

let failures = 0;

/** One failure every so many seconds. */
function failFor(fleet: JudgedFleet, minutes: number, everySeconds: number): number {
  let opened = 0;
  for (let passed = 0; passed < minutes * 60; passed += everySeconds) {
    fail(fleet, `D${failures++}`);
    opened += openedWhile(fleet, 'FailuresSpiking', everySeconds).length;
  }
  return opened;
}

describe('failures that begin all at once', () => {
  it('are a spike as long as they go on at the same rate, and told once', () => {
    const fleet = stageFleet();
    fleet.judgeFor(1500);
    assert.equal(failFor(fleet, 90, 60), 1);
    assert.match(
      found(fleet, 'FailuresSpiking')?.summary ?? 'nothing',
      /^10 failures within 10m00s, 0 in the 10m00s before it began$/,
    );
    fleet.judgeFor(800);
    assert.equal(found(fleet, 'FailuresSpiking'), undefined);
  });

  it('are over when they are as many as they were before', () => {
    const fleet = stageFleet();
    assert.ok(failFor(fleet, 30, 200) <= 1);
    failFor(fleet, 20, 20);
    assert.ok(found(fleet, 'FailuresSpiking'));
    failFor(fleet, 15, 150);
    assert.equal(found(fleet, 'FailuresSpiking'), undefined);
  });
});

describe('failures at a usual rate', () => {
  it('are no spike, however many', () => {
    const fleet = stageFleet();
    failFor(fleet, 25, 200);
    assert.equal(failFor(fleet, 30, 80), 0, 'some more than before');
  });

  it('are no spike when they are found together after an outage', () => {
    const fleet = stageFleet();
    failFor(fleet, 25, 300);
    fleet.setUp('sentinels', false);
    fleet.judgeFor(1800);
    fleet.setUp('sentinels', true);
    for (let index = 0; index < 6; index++) {
      const atMs = fleet.nowMs - 1_750_000 + index * 300_000;
      const sentinel = {
        outcome: 'failure',
        stage: 'G3',
        document: `late-${index}`,
        reason: 'cuda',
        atMs,
      } as const;
      fleet.store.apply({ kind: 'sentinel-seen', sentinel, delayMs: fleet.nowMs - atMs });
    }
    assert.deepEqual(openedWhile(fleet, 'FailuresSpiking', 300), []);
  });

  it('that were written by a clock of another time are counted when they are seen', () => {
    const fleet = stageFleet();
    fleet.judgeFor(600);
    for (let index = 0; index < 6; index++) {
      const atMs = fleet.nowMs - 7_200_000;
      const sentinel = {
        outcome: 'failure',
        stage: 'G3',
        document: `odd-${index}`,
        reason: 'cuda',
        atMs,
      } as const;
      fleet.store.apply({ kind: 'sentinel-seen', sentinel, delayMs: 20 });
    }
    fleet.judgeFor(10);
    assert.ok(found(fleet, 'FailuresSpiking'));
  });
});
