import assert from 'node:assert/strict';
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { ensureWritableDirectory } from '../../src/lib/writable-directory.js';
import { tempDir } from '../support/temp-dir.js';

describe('a folder that must be writable', () => {
  it('is made, with all that is missing above it, and left empty', async (test) => {
    const folder = join(await tempDir(test), 'a', 'b', 'c');
    await ensureWritableDirectory(folder);
    await ensureWritableDirectory(folder);
    assert.deepEqual(await readdir(folder), []);
  });

  it('is refused with the system\u2019s word where none can be made, and that at once', async (test) => {
    const folder = await tempDir(test);
    await writeFile(join(folder, 'file'), '');
    await assert.rejects(ensureWritableDirectory(join(folder, 'file', 'data')), { code: 'ENOTDIR' });
    await assert.rejects(ensureWritableDirectory(join(folder, 'file')), { code: 'ENOTDIR' });
    await assert.rejects(ensureWritableDirectory('/proc/stagewatch/data'), { code: 'ENOENT' });
  });
});
