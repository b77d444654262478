import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createConditionClock } from '../../src/detectors/condition-clock.js';

describe('the clock of a condition', () => {
  it('counts while it is seen to hold, rests while it cannot be seen, and begins again when it was over', () => {
    const clock = createConditionClock();
    const sights = [true, true, undefined, undefined, true, true, false, true] as const;
    const held = sights.map((isSo, index) => {
      clock.note('a', isSo, index * 10);
      return clock.held.get('a')?.heldMs;
    });
    assert.deepEqual(held, [0, 10, 10, 10, 10, 20, undefined, 0]);
  });

  it('knows when it began, and that it rests', () => {
    const clock = createConditionClock();
    clock.hold('a', 5);
    clock.note('a', undefined, 9);
    assert.deepEqual(clock.held.get('a'), { beganAtMs: 5, heldMs: 0, seenAtMs: 5, isResting: true });
    clock.note('unknown', undefined, 9);
    assert.equal(clock.held.size, 1);
  });

  it('takes a clock that was set back for no time', () => {
    const clock = createConditionClock();
    clock.hold('a', 100);
    assert.equal(clock.hold('a', 50).heldMs, 0);
    assert.equal(clock.hold('a', 60).heldMs, 10);
  });
});
