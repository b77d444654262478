/** Makes sure that a folder exists and can be written, before anything relies on it. */

import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Rejects with the system's error (EACCES, EROFS, ENOSPC, ENOTDIR). */
export async function ensureWritableDirectory(path: string): Promise<void> {
  await mkdir(path, { recursive: true });
  const probe = join(path, `.write-probe-${process.pid}`);
  await writeFile(probe, '');
  await rm(probe);
}
