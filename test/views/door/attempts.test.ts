import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { keyOf } from '../../../src/views/door/address-key.js';
import { createAttempts } from '../../../src/views/door/attempts.js';
import { createFakeClock } from '../../support/fake-clock.js';

describe('attempts at credentials', () => {
  it('wait after ten wrong ones, and one more is looked at each two seconds', async () => {
    const clock = createFakeClock();
    const attempts = createAttempts(clock);
    for (let count = 0; count < 10; count++) {
      assert.equal(attempts.waitMs('1.2.3.4', `guess ${count}`), 0);
      attempts.wasWrong('1.2.3.4');
    }
    assert.equal(attempts.waitMs('1.2.3.4', 'guess 11'), 2000);
    await clock.advance(1500);
    assert.equal(attempts.waitMs('::ffff:1.2.3.4', 'guess 11'), 500);
    assert.equal(attempts.waitMs('1.2.3.5', 'guess 11'), 0, 'others need not wait');
    await clock.advance(500);
    assert.equal(attempts.waitMs('1.2.3.4', 'guess 11'), 0);
    attempts.wasWrong('1.2.3.4');
    assert.equal(attempts.waitMs('1.2.3.4', 'guess 12'), 2000);
  });

  it('never hold up credentials that have been right, from whichever address', () => {
    const attempts = createAttempts(createFakeClock());
    attempts.wasRight('right');
    for (let count = 0; count < 50; count++) attempts.wasWrong('1.2.3.4');
    assert.equal(attempts.waitMs('1.2.3.4', 'right'), 0);
    assert.notEqual(attempts.waitMs('1.2.3.4', 'wrong'), 0);
  });

  it('hold nothing up for a client that has not heard that its password changed', () => {
    const attempts = createAttempts(createFakeClock());
    attempts.wasRight('old');
    for (let count = 0; count < 50; count++) attempts.wasWrong('1.2.3.4', 'old');
    assert.equal(attempts.waitMs('1.2.3.4', 'new'), 0);
    for (let count = 0; count < 10; count++) attempts.wasWrong('1.2.3.4', 'guess');
    assert.notEqual(attempts.waitMs('1.2.3.4', 'new'), 0);
  });

  it('count a network of IPv6 as one address', () => {
    assert.equal(keyOf('2001:db8:1:2:3:4:5:6'), '2001:db8:1:2::/64');
    assert.equal(keyOf('2001:db8::1'), '2001:db8:0:0::/64');
    for (const own of ['::1', '127.0.0.1', '127.8.9.1', '::ffff:127.0.0.2'])
      assert.equal(keyOf(own), '127.0.0.1');
    assert.equal(keyOf('fe80::1%eth0'), 'fe80:0:0:0::/64');
    assert.equal(keyOf('::ffff:10.0.0.1'), '10.0.0.1');
  });

  it('take a charge back where the guess was right', () => {
    const attempts = createAttempts(createFakeClock());
    const charges = Array.from({ length: 10 }, () => attempts.wasWrong('one', 'guess'));
    assert.ok(attempts.waitMs('one', 'next') > 0, 'those that are still looked at count');
    charges[0]?.();
    assert.equal(attempts.waitMs('one', 'next'), 0);
  });

  it('keep a bounded memory of addresses', () => {
    const attempts = createAttempts(createFakeClock());
    for (let count = 0; count < 10; count++) attempts.wasWrong('first');
    for (let count = 0; count < 5000; count++) attempts.wasWrong(`other ${count}`);
    assert.equal(attempts.waitMs('first', 'guess'), 0, 'the oldest are forgotten');
  });
});
