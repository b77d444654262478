/**
 * Puts a failure sentinel beside where the success sentinel would be: whole or not at all, never over anything that is
 * there, and never outside the root (see open-folder.ts).
 */

import { randomBytes } from 'node:crypto';
import { type FileHandle, link, open, rm } from 'node:fs/promises';
import { FAILED_SUFFIX } from '../../config/sentinel-pattern.js';
import { errorCode } from '../../lib/describe-error.js';
import { exists, explain, inFolder, type SentinelTarget, within } from './open-folder.js';

export type WriteResult =
  | { readonly kind: 'written' }
  /** The job has ended after all. */
  | { readonly kind: 'present'; readonly outcome: 'success' | 'failure' }
  | { readonly kind: 'failed'; readonly problem: string };

/** File systems without hard links (CIFS, FUSE): the name is taken first, then filled. */
const NO_LINKS = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK']);
const FILE_MODE = 0o644;

/** Never rejects. */
export async function writeFailureSentinel(target: SentinelTarget, content: string): Promise<WriteResult> {
  if (process.platform !== 'linux')
    return { kind: 'failed', problem: 'failure sentinels are written on Linux only' };
  try {
    return await inFolder(target, true, (folder) => writeInto(folder, target.file, content));
  } catch (error) {
    return { kind: 'failed', problem: explain(error) };
  }
}

async function writeInto(folder: FileHandle, file: string, content: string): Promise<WriteResult> {
  const success = within(folder, file);
  const failure = within(folder, `${file}${FAILED_SUFFIX}`);
  const present = await findPresent(success, failure);
  if (present) return present;
  // A hidden name: no pattern takes it for a sentinel.
  const temporary = within(folder, `.${file}.${randomBytes(6).toString('hex')}.tmp`);
  try {
    await fill(temporary, content);
    // Looked at once more: the write above may have taken its time.
    const late = await findPresent(success, failure);
    if (late) return late;
    await link(temporary, failure).catch(async (error: unknown) => {
      if (!NO_LINKS.has(errorCode(error) ?? '')) throw error;
      await fill(failure, content);
    });
    await folder.sync();
    return { kind: 'written' };
  } catch (error) {
    if (errorCode(error) === 'EEXIST') return { kind: 'present', outcome: 'failure' };
    throw error;
  } finally {
    await rm(temporary, { force: true });
  }
}

/** Fails where the name is taken, by a link too. */
async function fill(path: string, content: string): Promise<void> {
  const file = await open(path, 'wx', FILE_MODE);
  try {
    await file.writeFile(content);
    // Orchestrators read it, whatever the daemon's umask.
    await file.chmod(FILE_MODE);
    await file.sync();
  } finally {
    await file.close();
  }
}

async function findPresent(success: string, failure: string): Promise<WriteResult | undefined> {
  if (await exists(failure)) return { kind: 'present', outcome: 'failure' };
  return (await exists(success)) ? { kind: 'present', outcome: 'success' } : undefined;
}
