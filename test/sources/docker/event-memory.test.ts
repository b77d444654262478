import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createEventMemory } from '../../../src/sources/docker/event-memory.js';

const event = {
  containerId: 'a',
  kind: 'changed',
  atMs: 5000,
  since: '5.000000007',
  key: '5000000007 a',
} as const;

describe('where a new stream of events takes up', () => {
  it('is nowhere before the first one was open', () => assert.equal(createEventMemory().since, undefined));

  it('is the opening of the first one while no event has come, so that none in a gap is missed', () => {
    const memory = createEventMemory();
    memory.opened(1_700_000_000_250);
    assert.equal(memory.since, '1700000002.250000000');
    memory.opened(1_700_000_099_000);
    assert.equal(memory.since, '1700000002.250000000');
  });

  it('is the last event, which is not taken twice', () => {
    const memory = createEventMemory();
    memory.opened(1000);
    assert.equal(memory.isNew(event), true);
    assert.equal(memory.since, event.since);
    assert.equal(memory.isNew(event), false);
  });
});
