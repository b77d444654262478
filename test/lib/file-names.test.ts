import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { decodeFileName, pathOnDisk, visibleName } from '../../src/lib/file-names.js';

describe('names of files that are no UTF-8', () => {
  it('are found again on disk, whatever their bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 12 }), (array) => {
        const bytes = Buffer.from(array);
        assert.deepEqual(Buffer.from(pathOnDisk(decodeFileName(bytes))), bytes);
      }),
      { examples: [[Uint8Array.of(0xed, 0xb2, 0x80)], [Uint8Array.of(0xf0, 0x9f, 0x98, 0xff)]] },
    );
  });

  it('are shown byte by byte, and others as they are', () => {
    for (const [bytes, shown] of [
      [[0x47, 0xff], 'G\\xff'],
      [[0x47, 0xfe], 'G\\xfe'],
      [[0xc3, 0xa9, 0x80], 'é\\x80'],
    ] as const) {
      assert.equal(visibleName(decodeFileName(Buffer.from(bytes))), shown);
    }
    for (const name of ['é', 'e\u0301', '\uFFFD', '😀', 'a\\b']) {
      assert.equal(visibleName(decodeFileName(Buffer.from(name))), name);
      assert.equal(pathOnDisk(name), name);
    }
  });
});
