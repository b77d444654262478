import assert from 'node:assert/strict';
import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { FileTooLargeError, readBoundedFile, writeFileAtomically } from '../../src/lib/atomic-file.js';
import { tempDir } from '../support/temp-dir.js';

test('a file is replaced whole and leaves nothing beside it', async (t) => {
  const folder = await tempDir(t);
  const path = join(folder, 'a.json');
  await writeFileAtomically(path, 'one');
  await writeFileAtomically(path, 'two');
  assert.equal(await readFile(path, 'utf8'), 'two');
  assert.deepEqual(await readdir(folder), ['a.json']);
});

test('a write that fails leaves the old file and nothing beside it', async (t) => {
  const folder = await tempDir(t);
  await mkdir(join(folder, 'a.json'));
  await assert.rejects(writeFileAtomically(join(folder, 'a.json'), 'x'), { code: 'EISDIR' });
  assert.deepEqual(await readdir(folder), ['a.json']);
  await assert.rejects(writeFileAtomically(join(folder, 'none', 'a.json'), 'x'), { code: 'ENOENT' });
});

test('the content is readable by its owner only', async (t) => {
  const path = join(await tempDir(t), 'a.json');
  await writeFileAtomically(path, 'x');
  assert.equal((await stat(path)).mode & 0o777, 0o600);
});

test('a read takes what fits and refuses what does not', async (t) => {
  const path = join(await tempDir(t), 'a');
  await writeFile(path, 'x'.repeat(100));
  assert.equal((await readBoundedFile(path, 100)).length, 100);
  await assert.rejects(readBoundedFile(path, 99), FileTooLargeError);
  await assert.rejects(readBoundedFile(`${path}-none`, 99), { code: 'ENOENT' });
});
