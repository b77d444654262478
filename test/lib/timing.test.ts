import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createBackoff } from '../../src/lib/backoff.js';
import { DeadlineError, withDeadline } from '../../src/lib/deadline.js';
import { createFakeClock } from '../support/fake-clock.js';

describe('back-off', () => {
  it('doubles up to its bound, jitters in the upper half, and begins anew after a reset', () => {
    const least = createBackoff({ baseMs: 100, maxMs: 350, random: () => 0 });
    assert.deepEqual(
      [1, 2, 3, 4].map(() => least.nextDelayMs()),
      [50, 100, 175, 175],
    );
    least.reset();
    assert.equal(least.nextDelayMs(), 50);
    const most = createBackoff({ baseMs: 100, maxMs: 350, random: () => 1 });
    assert.deepEqual(
      [1, 2, 3].map(() => most.nextDelayMs()),
      [100, 200, 350],
    );
  });
});

describe('a deadline', () => {
  it('rejects when the work takes too long, and frees what it holds once', async () => {
    const clock = createFakeClock();
    let freed = 0;
    const work = withDeadline(new Promise(() => undefined), {
      clock,
      limitMs: 100,
      what: 'a call',
      onExpired: () => freed++,
    });
    const outcome = assert.rejects(
      work,
      (error: unknown) =>
        error instanceof DeadlineError && /a call: no answer within 100ms/.test(error.message),
    );
    await clock.advance(100);
    await outcome;
    assert.equal(freed, 1);
  });

  it('gives the value, or the failure, of work that is in time', async () => {
    const clock = createFakeClock();
    const options = { clock, limitMs: 100, what: 'a call' };
    assert.equal(await withDeadline(Promise.resolve(5), options), 5);
    await assert.rejects(withDeadline(Promise.reject(new Error('no')), options), /no/);
  });
});
