import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseSentinelContent } from '../../../src/sources/sentinels/parse-failure.js';

test('JSON gives error, worker, time, document and stage', () => {
  const text =
    '{"error":"boom","worker":"w-1","reason":"disk","failed_at":"2026-11-23T22:00:00Z","document":"D","stage":"S","x":1}';
  assert.deepEqual(parseSentinelContent(text), {
    error: 'boom',
    worker: 'w-1',
    reason: 'disk',
    failedAtMs: Date.parse('2026-11-23T22:00:00Z'),
    document: 'D',
    stage: 'S',
    isUnfinished: false,
  });
});

test('Unix seconds are a time; nonsense is none', () => {
  assert.equal(parseSentinelContent('{"failed_at":1763900000.5}').failedAtMs, 1_763_900_000_500);
  for (const value of ['"soon"', '-1', '1e300', 'null', '{}']) {
    assert.equal(parseSentinelContent(`{"failed_at":${value}}`).failedAtMs, undefined);
  }
});

test('an error that is an object is kept as JSON', () => {
  assert.equal(parseSentinelContent('{"error":{"code":3}}').error, '{"code":3}');
});

test('plain text is the error; empty and half-written files are unfinished', () => {
  assert.deepEqual(parseSentinelContent('it broke\n'), { error: 'it broke', isUnfinished: false });
  assert.equal(parseSentinelContent('').isUnfinished, true);
  assert.equal(parseSentinelContent('{"error":"bo').isUnfinished, true);
});

test('a long traceback keeps its start and its end', () => {
  const { error } = parseSentinelContent(`Traceback${'x'.repeat(50_000)}ValueError: last`);
  assert.ok(error.length <= 2000);
  assert.match(error, /^Traceback[\s\S]*ValueError: last$/);
});

test('whatever is in the file, the result is bounded and fit for a terminal', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.json()), (text) => {
      const { error } = parseSentinelContent(text);
      assert.ok(error.length <= 2000);
      assert.doesNotMatch(error, /[^\P{Cc}\n\t]/u);
    }),
  );
});
