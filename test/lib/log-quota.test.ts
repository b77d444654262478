import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createLogQuota } from '../../src/lib/log-quota.js';
import type { Logger } from '../../src/lib/logger.js';
import { createFakeClock } from '../support/fake-clock.js';

describe('a quota of log lines', () => {
  it('lets some of a kind through in a minute, and counts the rest in one line at its end', async () => {
    const clock = createFakeClock();
    const said: (readonly [fields: unknown, message: string])[] = [];
    const log = { warn: (fields: unknown, message: string) => said.push([fields, message]) };
    const quota = createLogQuota({ clock, log: log as unknown as Logger, linesPerInterval: 2 });
    for (let problem = 0; problem < 1000; problem++) quota.warn('protocol', { problem }, 'failed');
    quota.warn('timeout', { problem: 'x' }, 'failed');
    assert.deepEqual(said, [
      [{ problem: 0 }, 'failed'],
      [{ problem: 1 }, 'failed'],
      [{ problem: 'x' }, 'failed'],
    ]);
    await clock.advance(60_000);
    assert.deepEqual(said.slice(3), [[{ problem: 999, more: 998 }, 'failed; so many more of the kind']]);
    await clock.advance(600_000);
    assert.equal(said.length, 4);
    quota.warn('protocol', { problem: 'later' }, 'failed');
    assert.equal(said.length, 5);
  });
});
