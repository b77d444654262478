/** Makes sure that a folder exists and can be written, before anything relies on it. */

import { mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { errorCode } from './describe-error.js';

/** Rejects with the system's error (EACCES, EROFS, ENOSPC, ENOTDIR). */
export async function ensureWritableDirectory(path: string): Promise<void> {
  await makeDirectory(resolve(path));
  const probe = join(path, `.write-probe-${process.pid}`);
  await writeFile(probe, '');
  await rm(probe);
}

/** With what is missing above it. Node.js' own way of that never ends below /proc, where nothing can be made. */
async function makeDirectory(path: string): Promise<void> {
  try {
    await mkdir(path);
  } catch (error) {
    const above = dirname(path);
    if (errorCode(error) === 'ENOENT' && above !== path) {
      await makeDirectory(above);
      await mkdir(path);
    } else if (errorCode(error) !== 'EEXIST') throw error;
  }
}
