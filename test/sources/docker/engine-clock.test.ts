import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createEngineClock, type EngineClock } from '../../../src/sources/docker/engine-clock.js';
import { parseInspected } from '../../../src/sources/docker/parse-container.js';
import { inspected } from '../../support/fake-engine.js';

const NOW_MS = Date.parse('2026-03-01T12:00:00.000Z');
const HOUR_MS = 3_600_000;

/** Answers as an engine gives them whose clock is so far ahead, some milliseconds apart. */
function answer(clock: EngineClock, aheadMs: number, { count = 24, fromMs = NOW_MS, tripMs = 2 } = {}): void {
  for (let index = 0; index < count; index++) {
    const askedAtMs = fromMs + index * 50;
    const date = new Date(askedAtMs + tripMs / 2 + aheadMs).toUTCString();
    clock.note({ date, askedAtMs, atMs: askedAtMs + tripMs });
  }
}

const facts = (startedAt: string) =>
  parseInspected(inspected({ id: 'aaa', name: 'a', state: 'running', startedAt }));

describe('createEngineClock', () => {
  for (const [name, aheadMs, tripMs] of [
    ['minutes ahead', 7 * 60_000 + 310, 2],
    ['hours ahead', 5 * HOUR_MS, 2],
    ['minutes behind', -3 * 60_000 - 770, 2],
    ['hours behind, over a slow line', -11 * HOUR_MS - 1, 300],
  ] as const) {
    it(`finds out how far the clock is off: ${name}`, () => {
      const told: number[] = [];
      const clock = createEngineClock((offMs) => told.push(offMs));
      answer(clock, aheadMs, { tripMs });
      assert.equal(told.length, 1);
      const errorMs = clock.aheadMs - aheadMs;
      assert.ok(errorMs >= 0 && errorMs <= Math.max(250, 4 * tripMs), `${errorMs} ms more than it is`);
      assert.equal(clock.isDoubtful, false);
    });
  }

  it('takes the clock as it is while it is off by less than 2 seconds', () => {
    const clock = createEngineClock(() => assert.fail('nothing to tell'));
    for (const aheadMs of [-1900, -400, 0, 900, 1900]) {
      answer(clock, aheadMs);
      assert.equal(clock.aheadMs, 0);
      const seen = facts('2026-03-01T11:50:00.123456789Z');
      assert.deepEqual(clock.dateFacts(seen), seen);
    }
  });

  it('lets one odd answer, an answer without a date and one that took long count for nothing', () => {
    const clock = createEngineClock(() => assert.fail('nothing to tell'));
    answer(clock, 0);
    answer(clock, HOUR_MS, { count: 1 });
    answer(clock, 0, { count: 1 });
    answer(clock, HOUR_MS, { count: 1 });
    answer(clock, 2 * HOUR_MS, { count: 1 });
    answer(clock, 0, { count: 1 });
    for (const date of [undefined, '', 'yesterday']) clock.note({ date, askedAtMs: NOW_MS, atMs: NOW_MS });
    answer(clock, HOUR_MS, { tripMs: 6000 });
    assert.equal(clock.aheadMs, 0);
  });

  it('dates a start once: the engine may set its clock, the container run stays the same', () => {
    const clock = createEngineClock(() => undefined);
    answer(clock, 2 * HOUR_MS);
    const skewed = facts('2026-03-01T13:50:00.123456789Z');
    const before = clock.dateFacts(skewed);
    const trueMs = Date.parse('2026-03-01T11:50:00.123Z');
    assert.ok(Math.abs((before.startedAtMs ?? 0) - trueMs) <= 250);
    assert.equal(before.engineStartMs, skewed.startedAtMs);
    answer(clock, 0, { fromMs: NOW_MS + 60_000 });
    assert.equal(clock.aheadMs, 0);
    assert.equal(clock.dateFacts(skewed).startedAtMs, before.startedAtMs);
    const again = clock.dateFacts(facts('2026-03-01T12:02:00Z'));
    assert.equal(again.startedAtMs, Date.parse('2026-03-01T12:02:00Z'));
    assert.equal(again.engineStartMs, undefined);
  });
});
