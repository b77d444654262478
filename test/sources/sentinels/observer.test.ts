import assert from 'node:assert/strict';
import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { appendFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import type { FoundFailure, FoundSuccess } from '../../../src/sources/sentinels/observer-messages.js';
import { type ObserverHarness, observerHarness } from '../../support/observer-harness.js';
import { waitFor } from '../../support/wait-for.js';

function failures({ events }: ObserverHarness): readonly FoundFailure[] {
  return events.filter((event) => event.kind === 'failure');
}

function successes({ events }: ObserverHarness): readonly FoundSuccess[] {
  return events.filter((event) => event.kind === 'success');
}

const WAYS = [
  ['by watch', { watchBudget: 0.2, intervalMs: 60_000 }],
  ['by sweep', { watchBudget: 0, intervalMs: 100 }],
] as const;

for (const [way, options] of WAYS) {
  test(`${way}: what comes is seen and counted, what goes is no longer`, async (t) => {
    const harness = await observerHarness(t, options);
    await harness.put('D0/G1/sentinel.json');
    await harness.start();
    assert.equal(harness.counted('G1'), '1 ok, 0 failed');
    await harness.put('D1/G1/sentinel.json');
    await harness.put('D1/G2/sentinel.json.failed', '{"error":"boom","worker":"w-1"}');
    await waitFor('both', () => harness.counted('G1') === '2 ok, 0 failed' && failures(harness).length === 1);
    assert.equal(harness.counted('G2'), '0 ok, 1 failed');
    const [failure] = failures(harness);
    assert.equal(failure?.path, 'D1/G2/sentinel.json.failed');
    assert.equal(failure?.document, 'D1');
    assert.equal(failure?.error, 'boom');
    assert.equal(failure?.worker, 'w-1');
    assert.equal(failure?.isWatched, true);
    await rm(join(harness.root, 'D1/G2/sentinel.json.failed'));
    await waitFor('the retry', () => harness.counted('G2') === '0 ok, 0 failed');
    assert.equal(harness.events.at(-1)?.kind, 'failure-gone');
    await rm(join(harness.root, 'D1'), { recursive: true });
    await waitFor('the document gone', () => harness.counted('G1') === '1 ok, 0 failed');
  });

  test(`${way}: a failure rewritten in place, or renamed over, is seen each time`, async (t) => {
    const harness = await observerHarness(t, options);
    await harness.start();
    await harness.put('D/G/sentinel.json.failed', 'first');
    await waitFor('the first', () => failures(harness).length === 1);
    await harness.put('D/G/sentinel.json.failed', 'second');
    await waitFor('the second', () => failures(harness).length === 2);
    await harness.put('D/G/.tmp', 'third');
    await rename(join(harness.root, 'D/G/.tmp'), join(harness.root, 'D/G/sentinel.json.failed'));
    await waitFor('the third', () => failures(harness).length === 3);
    assert.deepEqual(
      failures(harness).map(({ error, isContinued }) => [error, isContinued]),
      [
        ['first', false],
        ['second', false],
        ['third', false],
      ],
    );
    assert.equal(harness.counted('G'), '0 ok, 1 failed');
  });

  test(`${way}: each success that came is told once`, async (t) => {
    const harness = await observerHarness(t, options);
    await harness.put('old/G/sentinel.json');
    // A success from before is told by its file's time: the clock must have moved on.
    const writtenMs = Date.now();
    await waitFor('the clock to move', () => Date.now() > writtenMs + 5);
    const second = await observerHarness(t, { ...options, root: harness.root, newSinceMs: Date.now() });
    await second.start();
    for (let index = 0; index < 20; index++) await second.put(`D${index}/G/sentinel.json`);
    await waitFor('all', () => second.counted('G') === '21 ok, 0 failed');
    await second.put('D20/G/sentinel.json');
    await waitFor('one more', () => successes(second).length >= 21);
    const documents = successes(second).map(({ document }) => document);
    assert.deepEqual(new Set(documents).size, documents.length);
    assert.ok(!documents.includes('old'));
  });
}

test('0 of 500 are missed when a folder and its file appear together', async (t) => {
  const harness = await observerHarness(t, { intervalMs: 60_000 });
  await harness.start();
  for (let index = 0; index < 500; index++) {
    const folder = join(harness.root, `D${index}`, 'G');
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'sentinel.json'), '{}');
    if (index % 7 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  await waitFor('all 500', () => harness.counted('G') === '500 ok, 0 failed');
  assert.equal(successes(harness).length, 500);
  assert.equal(harness.looks.length, 2, 'by watches alone');
});

test('a tree that is moved in whole is read to its ground', async (t) => {
  const harness = await observerHarness(t, { intervalMs: 60_000 });
  await harness.start();
  const outside = join(harness.root, '..', 'outside');
  mkdirSync(join(outside, 'G'), { recursive: true });
  writeFileSync(join(outside, 'G', 'sentinel.json.failed'), 'moved');
  renameSync(outside, join(harness.root, 'D'));
  await waitFor('the failure', () => failures(harness).length === 1);
});

test('a folder that is replaced under its name is watched anew', async (t) => {
  const harness = await observerHarness(t, { intervalMs: 60_000 });
  await harness.put('D/G/sentinel.json');
  await harness.start();
  for (let round = 0; round < 10; round++) {
    await rm(join(harness.root, 'D'), { recursive: true });
    mkdirSync(join(harness.root, 'D', 'G'), { recursive: true });
    await waitFor('empty', () => harness.counted('G') === '0 ok, 0 failed');
    await harness.put('D/G/sentinel.json');
    await waitFor('full', () => harness.counted('G') === '1 ok, 0 failed');
  }
});

test('a failure that is still being written is taken when it is whole, and once', async (t) => {
  const harness = await observerHarness(t, { intervalMs: 60_000 });
  await harness.start();
  await harness.put('D/G/sentinel.json.failed', '');
  const path = join(harness.root, 'D/G/sentinel.json.failed');
  await appendFile(path, '{"error":"CUDA out of ');
  await appendFile(path, 'memory"}');
  await waitFor('it', () => failures(harness).length > 0);
  assert.equal(failures(harness)[0]?.error, 'CUDA out of memory');
  await appendFile(path, '\n');
  await harness.put('E/G/sentinel.json.failed', 'x');
  await waitFor('the next', () => failures(harness).some(({ document }) => document === 'E'));
  assert.equal(
    failures(harness).filter(({ document, isContinued }) => document === 'D' && !isContinued).length,
    1,
  );
});

test('an empty failure counts too, after a moment', async (t) => {
  const harness = await observerHarness(t, { intervalMs: 60_000 });
  await harness.start();
  await harness.put('D/G/sentinel.json.failed', '');
  await waitFor('it', () => failures(harness).length === 1);
  assert.equal(failures(harness)[0]?.error, '');
});

test('text that grows is the same failure with more text', async (t) => {
  const harness = await observerHarness(t, { intervalMs: 60_000 });
  await harness.start();
  await harness.put('D/G/sentinel.json.failed', 'line 1\n');
  await waitFor('the start', () => failures(harness).length === 1);
  await appendFile(join(harness.root, 'D/G/sentinel.json.failed'), 'line 2\n');
  await waitFor('the rest', () => failures(harness).length === 2);
  assert.deepEqual(
    failures(harness).map(({ error, isContinued }) => [error, isContinued]),
    [
      ['line 1', false],
      ['line 1\nline 2', true],
    ],
  );
});

test('without {stage} in the pattern the stage comes from the JSON', async (t) => {
  const harness = await observerHarness(t, { pattern: '{document}/*.json' });
  await harness.put('D/a.json', '{"stage":"G1"}');
  await harness.put('D/b.json', 'no JSON');
  await harness.put('D/c.json.failed', '{"stage":"G1","error":"x"}');
  await harness.start();
  assert.equal(harness.counted('G1'), '1 ok, 1 failed');
  assert.equal(harness.counted('unknown'), '1 ok, 0 failed');
  await rm(join(harness.root, 'D/a.json'));
  await waitFor('a gone', () => harness.counted('G1') === '0 ok, 1 failed');
});

test('stages beyond 500 are counted together', async (t) => {
  const harness = await observerHarness(t, { pattern: '{stage}.json' });
  for (let index = 0; index < 510; index++) await writeFile(join(harness.root, `s${index}.json`), '');
  await harness.start();
  assert.equal(harness.counted('other'), '10 ok, 0 failed');
});

test('each look says how much room the disk has, and none where the file system does not say', async (t) => {
  const harness = await observerHarness(t);
  await harness.start();
  const { disk } = await harness.nextLook();
  assert.ok(disk && disk.totalBytes > disk.freeBytes && disk.freeBytes > 0);
  const silent = await observerHarness(t, undefined, {
    disk() {
      throw new Error('ENOSYS');
    },
  });
  await silent.start();
  assert.equal((await silent.nextLook()).disk, undefined);
});

test('an empty success is a success; where its stage stands in it, the rest is waited for first', async (t) => {
  const named = await observerHarness(t);
  await named.start();
  await named.put('D/G/sentinel.json', '');
  await waitFor('the empty one', () => named.counted('G') === '1 ok, 0 failed');
  const told = await observerHarness(t, { pattern: '{document}/sentinel.json' });
  await told.start();
  await told.put('D0/sentinel.json', '');
  const begunMs = Date.now();
  await waitFor('its writer to take a while', () => Date.now() > begunMs + 100);
  await writeFile(join(told.root, 'D0/sentinel.json'), '{"stage":"G3"}');
  await told.put('D1/sentinel.json', '');
  await waitFor(
    'both',
    () => told.counted('G3') === '1 ok, 0 failed' && told.counted('unknown') === '1 ok, 0 failed',
  );
  const stages = Object.fromEntries(successes(told).map(({ document, stage }) => [document, stage]));
  assert.deepEqual(stages, { D0: 'G3', D1: 'unknown' });
});
