import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { Candidate } from '../../src/recovery/decision.js';
import type { PlanInput } from '../../src/recovery/plan-input.js';
import { stageHold } from '../../src/recovery/worker-rules.js';

it('a worker that reports no progress is restarted only where its stage or its label says so', () => {
  const held = (hold: object | undefined, onStuck: string | null, isRestartAllowed?: boolean) => {
    const container = isRestartAllowed === undefined ? {} : { isRestartAllowed };
    const candidate = { identity: 'a', stage: 'G3', container } as unknown as Candidate;
    const input = {
      settings: { stages: [{ id: 'G3', on_stuck: onStuck }] },
      fleet: { workers: new Map([['a', { ...(hold && { hold }) }]]) },
    } as unknown as PlanInput;
    return stageHold(candidate, input)?.reason;
  };
  assert.equal(held({}, null), 'stage_notify');
  assert.equal(held({}, 'notify'), 'stage_notify');
  assert.equal(held({}, 'restart'), undefined);
  assert.equal(held({}, null, true), undefined);
  assert.equal(held(undefined, null), undefined);
  assert.equal(held(undefined, 'notify'), 'stage_notify');
});
