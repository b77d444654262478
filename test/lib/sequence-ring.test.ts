import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createSequenceRing } from '../../src/lib/sequence-ring.js';

test('a reader takes up where it left off, and what was overwritten is gone', () => {
  const ring = createSequenceRing<string>(3);
  assert.deepEqual(ring.since(0), []);
  for (const entry of ['a', 'b', 'c', 'd']) ring.push(entry);
  assert.equal(ring.newest, 4);
  assert.deepEqual(
    ring.since(0).map(({ number, entry }) => `${number}${entry}`),
    ['2b', '3c', '4d'],
  );
  assert.deepEqual(
    ring.since(3).map(({ entry }) => entry),
    ['d'],
  );
  assert.deepEqual(ring.since(4), []);
});

test('an entry is replaced only while it is held', () => {
  const ring = createSequenceRing<string>(2);
  for (const entry of ['a', 'b', 'c']) ring.push(entry);
  ring.replace(1, 'A');
  ring.replace(3, 'C');
  assert.deepEqual(
    ring.since(0).map(({ entry }) => entry),
    ['b', 'C'],
  );
});
