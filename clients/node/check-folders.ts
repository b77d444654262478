/** Decides before the first job whether its files can be written where they should go. */

import { mkdtemp, rmdir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { UsageError } from './errors.js';
import { errorText } from './files.js';
import type { ProgressFile } from './progress-file.js';

/** Rejects with UsageError. */
export async function checkFolders(
  file: ProgressFile | undefined,
  pattern: string | undefined,
): Promise<void> {
  if (file) {
    const remedy = 'mount the folder writable for this user, or set STAGEWATCH_PROGRESS_DIR';
    await checkWritable(file.folder, 'progress files', remedy);
  }
  const [root = ''] = (pattern ?? '').split('{', 1);
  if (root === '' || pattern === undefined) return;
  const folder = root.endsWith('/') ? root : dirname(root);
  if (await isFolder(folder)) {
    await checkWritable(folder, 'sentinels', 'mount the folder writable for this user, or correct sentinel');
  } else if (pattern.includes('{')) {
    throw new UsageError(`the folder ${folder} of sentinels is not there; mount it, or correct sentinel`);
  }
}

async function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
}

async function checkWritable(folder: string, what: string, remedy: string): Promise<void> {
  try {
    await rmdir(await mkdtemp(join(folder, '.probe-')));
  } catch (error) {
    throw new UsageError(`cannot write ${what} to ${folder}: ${errorText(error)}; ${remedy}`);
  }
}
