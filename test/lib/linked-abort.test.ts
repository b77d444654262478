import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { describe, it } from 'node:test';
import { linkAbort } from '../../src/lib/linked-abort.js';

describe('a linked abort', () => {
  it('is aborted by its parent, with its reason, also where that was aborted before', () => {
    const parent = new AbortController();
    const linked = linkAbort(parent.signal);
    assert.equal(linked.signal.aborted, false);
    parent.abort('over');
    assert.equal(linked.signal.reason, 'over');
    assert.equal(linkAbort(parent.signal).signal.reason, 'over');
  });

  it('can be aborted by itself', () => {
    const parent = new AbortController();
    const linked = linkAbort(parent.signal);
    linked.abort('late');
    assert.equal(linked.signal.reason, 'late');
    assert.equal(parent.signal.aborted, false);
  });

  it('leaves nothing at its parent once it is released', () => {
    const parent = new AbortController();
    for (let count = 0; count < 5; count++) linkAbort(parent.signal).release();
    assert.deepEqual(getEventListeners(parent.signal, 'abort'), []);
  });
});
