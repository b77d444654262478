import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createEnginePort } from '../../src/app/engine-access.js';
import { configSchema } from '../../src/config/schema.js';
import { systemClock } from '../../src/lib/clock.js';

/** Nothing listens there: whatever is asked fails otherwise. */
const config = configSchema.parse({ docker: { host: 'tcp://127.0.0.1:1', restart_by: 'name' } });
const HOW = { stopTimeoutMs: 0, timeLimitMs: 1000 } as never;

describe('a restart by name', () => {
  for (const [name, isAsked] of [
    ['f'.repeat(64), false],
    ['0123456789ab', false],
    ['cafe-worker-1', true],
    ['deadbeef', true],
  ] as const) {
    it(`of ${name.slice(0, 16)} is ${isAsked ? '' : 'not '}asked for`, async () => {
      const port = createEnginePort(config, { env: {}, clock: systemClock });
      const answer = await port?.restart({ id: 'a', name }, HOW);
      const problem = answer && 'problem' in answer ? answer.problem : '';
      assert.equal(/reads like the id of a container/.test(problem), !isAsked, JSON.stringify(answer));
    });
  }
});
