import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import type { FSWatcher } from 'node:fs';
import { chmod, mkdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { systemIo } from '../../../src/sources/sentinels/observer-io.js';
import { observerHarness } from '../../support/observer-harness.js';
import { waitFor } from '../../support/wait-for.js';

const FAST = { intervalMs: 50 };

function systemError(code: string): Error {
  return Object.assign(new Error(`${code}: as the kernel says`), { code });
}

/**
 * Root may read everything: the function that comes back makes the process somebody who may not.
 * To be called before the test makes folders, so that it has its rights again when they are removed.
 */
function rightsToLose(t: TestContext): (root: string) => Promise<void> {
  const isRoot = process.geteuid?.() === 0;
  t.after(() => isRoot && process.seteuid?.(0));
  return async (root) => {
    await chmod(dirname(root), 0o755);
    if (isRoot) process.seteuid?.(65_534);
  };
}

test('when the kernel has no more watches it is said once, and the other folders are swept', async (t) => {
  let watches = 0;
  const watch: typeof systemIo.watch = (path, onEvent) => {
    if (++watches > 3) throw systemError('ENOSPC');
    return systemIo.watch(path, onEvent);
  };
  const harness = await observerHarness(t, FAST, { watch });
  for (let index = 0; index < 5; index++) await harness.put(`D${index}/G/sentinel.json`);
  await harness.start();
  assert.equal(harness.looks.at(-1)?.watched, 3);
  for (let index = 0; index < 5; index++) await harness.put(`D${index}/G/sentinel.json.failed`, 'x');
  await waitFor('all five', () => harness.counted('G') === '5 ok, 5 failed');
  const refusals = harness.notes.filter(({ message }) => message.startsWith('no more kernel watches'));
  assert.equal(refusals.length, 1);
  assert.match(String(refusals[0]?.fields['remedy']), /max_user_watches/);
  assert.equal(watches, 4, 'a kernel that has refused is not asked again before the next full reading');
});

test('no more watches are used than the budget allows', async (t) => {
  const readProc = (path: string): string =>
    path.endsWith('max_user_watches') ? '20\n' : systemIo.readProc(path);
  const harness = await observerHarness(t, { ...FAST, watchBudget: 0.2 }, { readProc });
  for (let index = 0; index < 5; index++) await harness.put(`D${index}/G/sentinel.json`);
  await harness.start();
  assert.equal(harness.looks.at(-1)?.watched, 4);
  await harness.put('D4/G2/sentinel.json');
  await waitFor('it', () => harness.counted('G2') === '1 ok, 0 failed');
});

test('when the kernel drops events, what they would have told is found by looking at all folders', async (t) => {
  const sent: (() => void)[] = [];
  const watch: typeof systemIo.watch = (_path, onEvent) => {
    sent.push(() => onEvent('page-1.png'));
    return Object.assign(new EventEmitter(), { close: () => undefined }) as unknown as FSWatcher;
  };
  const readProc = (path: string): string =>
    path.endsWith('max_queued_events') ? '100\n' : systemIo.readProc(path);
  const harness = await observerHarness(t, FAST, { watch, readProc });
  await harness.put('D/G/sentinel.json');
  await harness.start();
  await harness.put('D/G/sentinel.json.failed', 'of which no event tells');
  await harness.nextLook();
  assert.equal(harness.counted('G'), '1 ok, 0 failed');
  // The kernel's queue ran full of other events: they arrive in one turn of the loop.
  for (let index = 0; index < 100; index++) sent[0]?.();
  await waitFor('the failure', () => harness.counted('G') === '1 ok, 1 failed', 3000);
  assert.ok(harness.notes.some(({ message }) => message.startsWith('so many files changed')));
});

test('on a network file system nothing is watched and everything is swept', async (t) => {
  const readProc = (path: string): string =>
    path.endsWith('mountinfo') ? '1 0 0:1 / / rw - nfs4 server:/x rw\n' : systemIo.readProc(path);
  const harness = await observerHarness(t, FAST, { readProc });
  await harness.start();
  await harness.put('D/G/sentinel.json');
  await waitFor('it', () => harness.counted('G') === '1 ok, 0 failed');
  assert.equal(harness.looks.at(-1)?.watched, 0);
  assert.deepEqual(harness.notes.map(({ fields }) => fields['type']).filter(Boolean), ['nfs4']);
});

test('a root that vanishes is said, keeps what is known, and brings nothing new when it is back', async (t) => {
  const harness = await observerHarness(t, FAST);
  await harness.put('D/G/sentinel.json');
  await harness.put('D/G/sentinel.json.failed', 'x');
  await harness.start();
  const { length } = harness.events;
  await rename(harness.root, `${harness.root}-away`);
  const loss = await waitFor('the loss', () => harness.losses.at(-1));
  assert.equal(loss.reason, 'unreachable');
  assert.match(loss.problem, /is not there; create or mount it/);
  assert.equal(harness.counted('G'), '1 ok, 1 failed');
  await mkdir(join(`${harness.root}-away`, 'E/G'), { recursive: true });
  await writeFile(join(`${harness.root}-away`, 'E/G/sentinel.json'), '');
  await rename(`${harness.root}-away`, harness.root);
  await waitFor('what came meanwhile', () => harness.counted('G') === '2 ok, 1 failed');
  await harness.put('F/G/sentinel.json');
  await waitFor('what comes now', () => harness.counted('G') === '3 ok, 1 failed');
  const told = harness.events
    .slice(length)
    .map((event) => ('document' in event ? event.document : event.kind));
  assert.deepEqual(told, ['E', 'F']);
});

test('a root that is replaced by another folder is read anew', async (t) => {
  const harness = await observerHarness(t, FAST);
  await harness.put('D/G/sentinel.json');
  await harness.start();
  await mkdir(`${harness.root}-new/E/G`, { recursive: true });
  await writeFile(`${harness.root}-new/E/G/sentinel.json.failed`, 'x');
  await rename(harness.root, `${harness.root}-old`);
  await rename(`${harness.root}-new`, harness.root);
  await waitFor('the new one', () => harness.counted('G') === '0 ok, 1 failed');
  await harness.put('E/G/sentinel.json');
  await waitFor('what comes now', () => harness.counted('G') === '1 ok, 1 failed');
});

test('a root that is a file, or of no right to read, is named with its reason', async (t) => {
  const loseRights = rightsToLose(t);
  const harness = await observerHarness(t, FAST);
  await rm(harness.root, { recursive: true });
  await writeFile(harness.root, '');
  await harness.start();
  assert.match(harness.losses.at(-1)?.problem ?? '', /is not a folder/);
  await rm(harness.root);
  await mkdir(harness.root, { mode: 0o000 });
  await loseRights(harness.root);
  await waitFor('the reason', () => harness.losses.at(-1)?.reason === 'permission');
});

test('an unreadable folder is counted once and named, the rest goes on, and it is read when it can be', async (t) => {
  const loseRights = rightsToLose(t);
  const harness = await observerHarness(t, FAST);
  await harness.put('D/G/sentinel.json');
  await harness.put('E/G/sentinel.json');
  await chmod(join(harness.root, 'E'), 0o000);
  await chmod(join(harness.root, 'D', 'G'), 0o777);
  await loseRights(harness.root);
  await harness.start();
  assert.equal(harness.counted('G'), '1 ok, 0 failed');
  await writeFile(join(harness.root, 'D/G/sentinel.json.failed'), 'x');
  await waitFor('the rest', () => harness.counted('G') === '1 ok, 1 failed');
  await harness.nextLook();
  assert.equal(harness.problems.length, 1);
  assert.equal(harness.problems[0]?.reason, 'permission');
  assert.ok(harness.problems[0]?.problem.includes(join(harness.root, 'E')));
  if (process.getuid?.() === 0) process.seteuid?.(0);
  await chmod(join(harness.root, 'E'), 0o755);
  await waitFor('the folder', () => harness.counted('G') === '2 ok, 1 failed');
});

test('an unreadable failure counts, as unreadable', async (t) => {
  const loseRights = rightsToLose(t);
  const harness = await observerHarness(t, FAST);
  await harness.put('D/G/sentinel.json.failed', 'secret');
  await chmod(join(harness.root, 'D/G/sentinel.json.failed'), 0o000);
  await loseRights(harness.root);
  await harness.start();
  assert.equal(harness.counted('G'), '0 ok, 1 failed');
  const [failure] = harness.events;
  assert.match(failure?.kind === 'failure' ? failure.error : '', /cannot be read: EACCES/);
  assert.equal(harness.problems[0]?.reason, 'permission');
});

test('loops of symbolic links are not followed, nor are links in place of sentinels', async (t) => {
  const harness = await observerHarness(t, { ...FAST, pattern: '**/{document}/{stage}/sentinel.json' });
  await harness.put('a/D/G/sentinel.json');
  await symlink('..', join(harness.root, 'a/loop'));
  await symlink('/', join(harness.root, 'a/everything'));
  await mkdir(join(harness.root, 'a/E/G'), { recursive: true });
  await symlink('../../D/G/sentinel.json', join(harness.root, 'a/E/G/sentinel.json'));
  await harness.start();
  assert.equal(harness.counted('G'), '1 ok, 0 failed');
  assert.equal(harness.looks.at(-1)?.folders, 6);
});

test('sentinels are found 100 folders deep, and what is deeper is named', async (t) => {
  const harness = await observerHarness(t, { ...FAST, pattern: '**/{stage}/sentinel.json' });
  await harness.put(`${'d/'.repeat(99)}G100/sentinel.json`);
  await harness.start();
  assert.equal(harness.counted('G100'), '1 ok, 0 failed');
  await harness.put(`${'d/'.repeat(100)}G101/sentinel.json`);
  const problem = await waitFor('the problem', () => harness.problems.at(-1));
  assert.equal(problem.reason, 'rejected');
  assert.match(problem.problem, /deeper than 100 levels/);
});

test('a folder in place of a sentinel is none, and oversized and binary failures are bounded', async (t) => {
  const harness = await observerHarness(t, FAST);
  await mkdir(join(harness.root, 'D/G/sentinel.json'), { recursive: true });
  await mkdir(join(harness.root, 'D/G/sentinel.json.failed'), { recursive: true });
  await harness.put('E/G/sentinel.json.failed', 'x'.repeat(1_000_000));
  await harness.put('F/G/sentinel.json.failed', '\u0000\u0001\ufffd');
  await harness.start();
  assert.equal(harness.counted('G'), '0 ok, 2 failed');
  for (const event of harness.events) assert.ok(event.kind === 'failure' && event.error.length <= 2000);
});

test('a full reading finds what neither events nor time stamps tell', async (t) => {
  const watch: typeof systemIo.watch = () =>
    Object.assign(new EventEmitter(), { close: () => undefined }) as unknown as FSWatcher;
  const harness = await observerHarness(t, { intervalMs: 50, fullScanIntervalMs: 300 }, { watch });
  await harness.start();
  await harness.put('D/G/sentinel.json');
  await waitFor('it', () => harness.counted('G') === '1 ok, 0 failed', 5000);
});
