import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { describe, it } from 'node:test';
import { abortable } from '../../src/lib/abortable.js';

const stopped = () => new Error('stopped');
const never = new Promise<never>(() => undefined);

describe('work that can be left', () => {
  it('settles as it does', async () => {
    const { signal } = new AbortController();
    assert.equal(await abortable(Promise.resolve(7), signal, stopped), 7);
    await assert.rejects(abortable(Promise.reject(new Error('of its own')), signal, stopped), /of its own/);
  });

  it('is left when the signal aborts, before or meanwhile', async () => {
    const control = new AbortController();
    const left = abortable(never, control.signal, stopped);
    control.abort();
    await assert.rejects(left, /stopped/);
    await assert.rejects(abortable(never, control.signal, stopped), /stopped/);
  });

  it('leaves nothing at a signal that outlives it', async () => {
    const { signal } = new AbortController();
    for (let count = 0; count < 5; count++) await abortable(Promise.resolve(), signal, stopped);
    await abortable(Promise.reject(new Error('of its own')), signal, stopped).catch(() => undefined);
    assert.deepEqual(getEventListeners(signal, 'abort'), []);
  });
});
