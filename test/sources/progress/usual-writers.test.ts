import assert from 'node:assert/strict';
import { chown, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { createDirectorySweep } from '../../../src/sources/progress/sweep-directory.js';
import { createUsualWriters } from '../../../src/sources/progress/usual-writers.js';
import { tempDir } from '../../support/temp-dir.js';

const ROOT = 0;
const files = (uids: readonly number[]) => new Map(uids.map((uid, index) => [`f${index}`, uid]));

describe('files in a folder that others write', () => {
  it('are foreign when their owner is none of those who wrote at first', () => {
    const { look } = createUsualWriters();
    assert.deepEqual(look(files([1000, 1000, 1001]), ROOT), [], 'what is there at first');
    assert.deepEqual(look(files([1000, 1000, 1001, 1000, 1001, ROOT]), ROOT), []);
    assert.deepEqual(look(files([1000, 1000, 1001, 4242]), ROOT), [{ name: 'f3', uid: 4242 }]);
    assert.deepEqual(look(files([1000, 1000, 1001, 4242]), ROOT), [], 'once each');
    assert.deepEqual(look(files([1000, 4242, 1001, 4242]), ROOT), [{ name: 'f1', uid: 4242 }]);
  });

  it('are foreign at first when their owner has few of them', () => {
    const { look } = createUsualWriters();
    const uids = [4242, ...Array.from({ length: 20 }, () => 1000)];
    assert.deepEqual(look(files(uids), ROOT), [{ name: 'f0', uid: 4242 }]);
  });

  it('are judged by the first that come to an empty folder', () => {
    const { look } = createUsualWriters();
    assert.deepEqual(look(new Map(), ROOT), []);
    assert.deepEqual(look(files([1000]), ROOT), []);
    assert.deepEqual(look(files([1000, 1001]), ROOT), [{ name: 'f1', uid: 1001 }]);
  });

  it('are found on disk', {
    skip: process.getuid?.() === 0 ? false : 'another owner cannot be set without root',
  }, async (test: TestContext) => {
    const folder = await tempDir(test);
    const sweep = createDirectorySweep(folder);
    const write = (name: string) => writeFile(join(folder, `${name}.json`), `{"name":"${name}"}`);
    await write('a-worker-0');
    assert.equal(sweep(0).foreign, undefined);
    await write('b-worker-0');
    await chown(join(folder, 'b-worker-0.json'), 4242, 4242);
    assert.deepEqual(sweep(5000).foreign, [{ name: 'b-worker-0', uid: 4242 }]);
    assert.equal(sweep(10_000).foreign, undefined);
  });
});
