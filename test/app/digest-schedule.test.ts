import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { createDigestSchedule } from '../../src/app/digest-schedule.js';
import { createLogger } from '../../src/lib/logger.js';

const log = createLogger({ level: 'silent', format: 'json', write: () => undefined });
const MINUTE_MS = 60_000;

/** A schedule whose clock and timers stand still until the test moves them. */
function setUp(test: TestContext, now: string) {
  test.mock.timers.enable({ apis: ['setTimeout', 'Date'], now: Date.parse(now) });
  let sent = 0;
  const schedule = createDigestSchedule(() => {
    sent++;
  }, log);
  test.after(() => schedule.stop());
  return {
    schedule,
    sent: () => sent,
    /** In steps, as time passes. */
    async pass(minutes: number) {
      for (let minute = 0; minute < minutes; minute++) {
        for (let part = 0; part < 60; part++) test.mock.timers.tick(MINUTE_MS / 60);
        await new Promise((resolve) => setImmediate(resolve));
      }
    },
  };
}

describe('the digest', () => {
  it('is sent once a day, by the clock of the configured time zone', async (test: TestContext) => {
    const { schedule, sent, pass } = setUp(test, '2026-01-15T06:55:00Z');
    schedule.follow({ digest: { at: '08:00', to: [] }, timezone: 'Europe/Berlin' });
    await pass(4);
    assert.equal(sent(), 0);
    await pass(3);
    assert.equal(sent(), 1);
    await pass(60);
    assert.equal(sent(), 1);
  });

  it('follows a new time, and is not sent where it is off', async (test: TestContext) => {
    const { schedule, sent, pass } = setUp(test, '2026-01-15T06:55:00Z');
    schedule.follow({ digest: { at: '07:00', to: [] }, timezone: 'UTC' });
    schedule.follow({ digest: { at: '07:10', to: [] }, timezone: 'UTC' });
    await pass(10);
    assert.equal(sent(), 0);
    await pass(10);
    assert.equal(sent(), 1);
    schedule.follow({ digest: { at: null, to: [] }, timezone: 'UTC' });
    await pass(10);
    assert.equal(sent(), 1);
  });

  it('is made up for when the daemon was too busy at its time', async (test: TestContext) => {
    const { schedule, sent, pass } = setUp(test, '2026-01-15T06:59:30Z');
    schedule.follow({ digest: { at: '07:00', to: [] }, timezone: 'UTC' });
    // Nothing ran for five minutes.
    test.mock.timers.setTime(Date.parse('2026-01-15T07:04:30Z'));
    await pass(2);
    assert.equal(sent(), 1);
  });
});
