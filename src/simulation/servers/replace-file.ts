/** Puts a file in the place of another the way the pipeline's programs do: whole or not at all for whoever reads it. */

import { renameSync, utimesSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

/**
 * The folder must be there. Without fsync: nothing of a simulation must outlive a crash. Synchronous: thousands of small
 * files a minute cost a fifth of what promises would take. `mtimeMs`: when the simulated program wrote it, where that was
 * not now.
 */
export function replaceFile(path: string, content: string, mtimeMs?: number): void {
  const temporary = join(dirname(path), `.${basename(path)}.tmp`);
  writeFileSync(temporary, content);
  if (mtimeMs !== undefined) utimesSync(temporary, mtimeMs / 1000, mtimeMs / 1000);
  renameSync(temporary, path);
}
