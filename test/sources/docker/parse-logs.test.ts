import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { createLogTailReader } from '../../../src/sources/docker/parse-logs.js';

function frame(stream: 1 | 2, text: string): Buffer {
  const body = Buffer.from(text);
  const header = Buffer.from([stream, 0, 0, 0, 0, 0, 0, 0]);
  header.writeUInt32BE(body.length, 4);
  return Buffer.concat([header, body]);
}

function readInPieces(
  bytes: Buffer,
  size: number,
  options: Partial<Parameters<typeof createLogTailReader>[0]> = {},
) {
  const reader = createLogTailReader({ isTty: false, maxLines: 100, maxBytes: 10_000, ...options });
  for (let from = 0; from < bytes.length; from += size) reader.push(bytes.subarray(from, from + size));
  return reader.end();
}

describe('what a container printed', () => {
  const frames = Buffer.concat([frame(1, 'one\ntw'), frame(2, 'bad\n'), frame(1, 'o\r\nlast')]);
  const expected = [
    { stream: 'stdout', text: 'one' },
    { stream: 'stderr', text: 'bad' },
    { stream: 'stdout', text: 'two' },
    { stream: 'stdout', text: 'last' },
  ];

  it('is read out of frames, however they are cut', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: frames.length }), (size) => {
        assert.deepEqual(readInPieces(frames, size), { lines: expected, isCut: false });
      }),
    );
  });

  it('is one stream with a terminal', () => {
    const { lines } = readInPieces(Buffer.from('a\r\nb'), 2, { isTty: true });
    assert.deepEqual(lines, [
      { stream: 'all', text: 'a' },
      { stream: 'all', text: 'b' },
    ]);
  });

  it('is kept by its last lines', () => {
    const many = Buffer.concat(Array.from({ length: 1000 }, (_, index) => frame(1, `line ${index}\n`)));
    const { lines, isCut } = readInPieces(many, 777, { maxLines: 3 });
    assert.deepEqual([lines.map(({ text }) => text), isCut], [['line 997', 'line 998', 'line 999'], true]);
  });

  it('is kept within its bytes', () => {
    const many = Buffer.concat(Array.from({ length: 100 }, () => frame(1, `${'x'.repeat(999)}\n`)));
    const { lines, isCut } = readInPieces(many, 4096, { maxBytes: 5000 });
    assert.deepEqual([lines.length, isCut], [5, true]);
  });

  it('is kept by the beginning of a line that has no end', () => {
    const { lines } = readInPieces(frame(1, 'y'.repeat(1_000_000)), 65_536, { maxBytes: 1_000_000 });
    assert.equal(lines[0]?.text.length, 16 * 1024);
  });

  it('is nothing of a container that printed nothing', () => {
    assert.deepEqual(readInPieces(Buffer.alloc(0), 1), { lines: [], isCut: false });
  });

  it('survives any bytes', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 300 }),
        fc.integer({ min: 1, max: 50 }),
        fc.boolean(),
        (bytes, size, isTty) => {
          const { lines } = readInPieces(Buffer.from(bytes), size, { isTty });
          assert.ok(lines.length <= 100);
        },
      ),
    );
  });
});
