import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { formatSelection, NOTHING_SELECTED, parseSelection } from '../../../src/views/page/selection.js';

describe('the selection in the address', () => {
  it('is read back as it was written, and readable', () => {
    for (const [selection, hash] of [
      [{ stage: 'G3_02' }, '#stage=G3_02'],
      [{ worker: 'paddle-worker-gpu1-0', groupBy: 'gpu' }, '#worker=paddle-worker-gpu1-0&by=gpu'],
      [{ finding: 'QueueGrowing://g3_02' }, '#finding=QueueGrowing://g3_02'],
      [{ text: 'a&b=c #1', gpu: '3' }, '#gpu=3&q=a%26b%3Dc%20%231'],
      [{}, ''],
    ] as const) {
      const whole = { ...NOTHING_SELECTED, ...selection };
      assert.equal(formatSelection(whole), hash);
      assert.deepEqual(parseSelection(hash), whole);
    }
  });

  it('is left alone by a link within the page, and by what it does not know', () => {
    assert.equal(parseSelection('#problems-section'), undefined);
    assert.deepEqual(parseSelection('#stage=&nonsense=1'), NOTHING_SELECTED);
  });
});
