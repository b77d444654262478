import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createFailureMemory } from '../../../src/sources/sentinels/failure-memory.js';

const START_MS = 1_763_900_000_000;

function memory(stored?: unknown, nowMs = START_MS, key = 'root') {
  return createFailureMemory({ stored, key, nowMs: () => nowMs });
}

function restarted(before: ReturnType<typeof memory>, laterMs = 60_000, key = 'root') {
  return memory(JSON.parse(JSON.stringify(before.toStored())), START_MS + laterMs, key);
}

test('what stood before the very first look is old, what came during it is new', () => {
  const first = memory();
  assert.equal(first.judge('a', '1', START_MS - 1).isNew, false);
  assert.equal(first.judge('b', '1', START_MS + 1).isNew, true);
});

test('after the first look a failure is new whatever its time says', () => {
  const first = memory();
  first.looked(START_MS);
  assert.equal(first.judge('moved-in', '1', START_MS - 1e9).isNew, true);
});

test('the same failure is told once; written again it is new', () => {
  const first = memory();
  first.looked(START_MS);
  assert.equal(first.judge('a', '1', START_MS).isNew, true);
  assert.equal(first.judge('a', '1', START_MS).isNew, false);
  assert.equal(first.judge('a', '2', START_MS).isNew, true);
});

test('more text of a failure is not another failure', () => {
  const first = memory();
  first.looked(START_MS);
  first.judge('a', '1', START_MS);
  first.continued('a', '2');
  assert.equal(first.judge('a', '2', START_MS).isNew, false);
});

test('in the next life what was known is old, with its first time, and what came between is new', () => {
  const first = memory();
  first.looked(START_MS);
  first.judge('a', '1', START_MS);
  const second = restarted(first);
  assert.deepEqual(second.judge('a', '1', START_MS), { isNew: false, firstSeenAtMs: START_MS });
  assert.equal(second.judge('came-between', '1', START_MS + 30_000).isNew, true);
  assert.equal(second.newSinceMs, START_MS - 2000);
});

test('a memory of another root, or of another shape, is no memory', () => {
  const first = memory();
  first.looked(START_MS);
  assert.equal(restarted(first, 60_000, 'other').newSinceMs, START_MS + 60_000);
  for (const stored of [null, 7, {}, { key: 'root', lookedAtMs: 'x', failures: [] }, { key: 'root' }]) {
    assert.equal(memory(stored).newSinceMs, START_MS);
  }
  const broken = { key: 'root', lookedAtMs: 5, failures: [null, [], ['p'], ['p', 1, 2], ['q', 'i', 9]] };
  assert.deepEqual(memory(broken).judge('q', 'i', 0), { isNew: false, firstSeenAtMs: 9 });
});

test('memory is bounded, and what it may have forgotten is judged by its time', () => {
  const first = memory();
  first.looked(START_MS);
  for (let index = 0; index < 20_100; index++) first.judge(`p${index}`, '1', START_MS);
  const second = restarted(first);
  assert.equal(second.judge('p5', '1', START_MS - 10_000).isNew, false);
  assert.equal(second.judge('p20099', '1', START_MS).isNew, false);
  assert.equal(second.judge('really-new', '1', START_MS + 1).isNew, true);
});

test('a first look that was broken off is not kept', () => {
  const first = memory();
  first.judge('a', '1', START_MS - 1);
  assert.equal(first.isWorthKeeping(), false);
  first.looked(START_MS);
  assert.equal(first.isWorthKeeping(), true);
  assert.equal(restarted(first).isWorthKeeping(), true);
});
