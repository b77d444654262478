import assert from 'node:assert/strict';
import { chmod, mkdir, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { hashSentinel, withdrawFailureSentinel } from '../../../src/recovery/fail-fast/withdraw-sentinel.js';
import { writeFailureSentinel } from '../../../src/recovery/fail-fast/write-sentinel.js';
import { tempDir } from '../../support/temp-dir.js';

const CONTENT = '{"error":"lost"}\n';

async function rootWith(test: TestContext, ...folders: readonly string[]): Promise<string> {
  const root = await tempDir(test);
  for (const folder of folders) await mkdir(join(root, folder), { recursive: true });
  return root;
}

const target = (root: string) => ({ root, folders: ['PMC1', 'G3_02'], file: 'sentinel.json' });
const failure = (root: string) => join(root, 'PMC1/G3_02/sentinel.json.failed');

describe('a failure sentinel', { skip: process.platform === 'linux' ? false : 'needs Linux' }, () => {
  it('is written whole, readable for all, and leaves nothing else', async (test) => {
    const root = await rootWith(test, 'PMC1/G3_02');
    const umask = process.umask(0o077);
    const result = await writeFailureSentinel(target(root), CONTENT).finally(() => process.umask(umask));
    assert.deepEqual(result, { kind: 'written' });
    assert.equal(await readFile(failure(root), 'utf8'), CONTENT);
    assert.equal((await stat(failure(root))).mode & 0o777, 0o644);
    assert.deepEqual(await readdir(join(root, 'PMC1/G3_02')), ['sentinel.json.failed']);
  });

  it('makes missing folders like the one they are in', async (test) => {
    const root = await rootWith(test);
    await chmod(root, 0o2775);
    assert.deepEqual(await writeFailureSentinel(target(root), CONTENT), { kind: 'written' });
    for (const folder of ['PMC1', 'PMC1/G3_02']) {
      assert.equal((await stat(join(root, folder))).mode & 0o7777, 0o2775, folder);
    }
  });

  for (const [outcome, name] of [
    ['success', 'sentinel.json'],
    ['failure', 'sentinel.json.failed'],
  ] as const) {
    it(`never replaces a ${outcome}`, async (test) => {
      const root = await rootWith(test, 'PMC1/G3_02');
      await writeFile(join(root, 'PMC1/G3_02', name), 'theirs');
      assert.deepEqual(await writeFailureSentinel(target(root), CONTENT), { kind: 'present', outcome });
      assert.deepEqual(await readdir(join(root, 'PMC1/G3_02')), [name]);
      assert.equal(await readFile(join(root, 'PMC1/G3_02', name), 'utf8'), 'theirs');
    });
  }

  it('of many writers at once only one writes', async (test) => {
    const root = await rootWith(test);
    const results = await Promise.all(
      Array.from({ length: 20 }, (_, index) => writeFailureSentinel(target(root), `${index}\n`)),
    );
    assert.equal(results.filter(({ kind }) => kind === 'written').length, 1);
    assert.equal(results.filter(({ kind }) => kind === 'present').length, 19);
    assert.deepEqual(await readdir(join(root, 'PMC1/G3_02')), ['sentinel.json.failed']);
    assert.match(await readFile(failure(root), 'utf8'), /^\d+\n$/);
  });

  it('follows no link out of the root, neither a folder nor the file itself', async (test) => {
    const outside = await rootWith(test, 'G3_02');
    const viaFolder = await rootWith(test);
    await symlink(outside, join(viaFolder, 'PMC1'));
    const result = await writeFailureSentinel(target(viaFolder), CONTENT);
    assert.deepEqual(result, { kind: 'failed', problem: 'a folder on the way is a link or no folder' });
    const viaFile = await rootWith(test, 'PMC1/G3_02');
    await symlink(join(outside, 'victim'), failure(viaFile));
    assert.deepEqual(await writeFailureSentinel(target(viaFile), CONTENT), {
      kind: 'present',
      outcome: 'failure',
    });
    assert.deepEqual(await readdir(outside), ['G3_02']);
    assert.deepEqual(await readdir(join(outside, 'G3_02')), []);
  });

  it('says what is wrong when it cannot be written', async (test) => {
    const root = await rootWith(test);
    await writeFile(join(root, 'PMC1'), 'a file where a folder belongs');
    assert.equal((await writeFailureSentinel(target(root), CONTENT)).kind, 'failed');
    const gone = await writeFailureSentinel(target(join(root, 'gone')), CONTENT);
    assert.ok(gone.kind === 'failed' && /ENOENT/.test(gone.problem), JSON.stringify(gone));
  });

  it('takes the root through a link, as the reader does', async (test) => {
    const root = await rootWith(test);
    const linked = join(await tempDir(test), 'artifacts');
    await symlink(root, linked);
    assert.deepEqual(await writeFailureSentinel(target(linked), CONTENT), { kind: 'written' });
    assert.equal(await readFile(failure(root), 'utf8'), CONTENT);
  });
});

describe('withdrawing a failure sentinel', {
  skip: process.platform === 'linux' ? false : 'needs Linux',
}, () => {
  const OURS = hashSentinel(CONTENT);

  async function written(test: TestContext, success = true): Promise<string> {
    const root = await rootWith(test);
    await writeFailureSentinel(target(root), CONTENT);
    if (success) await writeFile(join(root, 'PMC1/G3_02/sentinel.json'), '{}');
    return root;
  }

  it('removes ours beside the success, and nothing else', async (test) => {
    const root = await written(test);
    assert.deepEqual(await withdrawFailureSentinel(target(root), OURS), { kind: 'withdrawn' });
    assert.deepEqual(await readdir(join(root, 'PMC1/G3_02')), ['sentinel.json']);
    assert.deepEqual(await withdrawFailureSentinel(target(root), OURS), { kind: 'not_ours' });
  });

  it('leaves it while there is no success', async (test) => {
    const root = await written(test, false);
    assert.deepEqual(await withdrawFailureSentinel(target(root), OURS), { kind: 'no_success' });
    assert.equal(await readFile(failure(root), 'utf8'), CONTENT);
  });

  it('leaves what another program wrote, a link, a folder, and what lies outside', async (test) => {
    const root = await written(test);
    await writeFile(failure(root), '{"error":"theirs"}');
    assert.deepEqual(await withdrawFailureSentinel(target(root), OURS), { kind: 'not_ours' });
    assert.equal(await readFile(failure(root), 'utf8'), '{"error":"theirs"}');
    const outside = await written(test);
    await rm(failure(root));
    await symlink(failure(outside), failure(root));
    assert.deepEqual(await withdrawFailureSentinel(target(root), OURS), { kind: 'not_ours' });
    const linked = await rootWith(test);
    await symlink(join(outside, 'PMC1'), join(linked, 'PMC1'));
    assert.equal((await withdrawFailureSentinel(target(linked), OURS)).kind, 'failed');
    assert.equal(await readFile(failure(outside), 'utf8'), CONTENT);
    const gone = await rootWith(test);
    assert.deepEqual(await withdrawFailureSentinel(target(gone), OURS), { kind: 'not_ours' });
    assert.deepEqual(await readdir(gone), [], 'no folder is made for it');
  });
});
