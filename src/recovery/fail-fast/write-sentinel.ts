/**
 * Puts a failure sentinel beside where the success sentinel would be: whole or not at all, never over anything that is
 * there, and never outside the root, whatever links and names lie in the way.
 *
 * Each folder is opened without following links, and what comes next is reached through the open folder
 * (/proc/self/fd, so on Linux only): nobody can put a link in the way between the look and the write.
 */

import { randomBytes } from 'node:crypto';
import { constants, type FileHandle, link, lstat, mkdir, open, rm } from 'node:fs/promises';
import { FAILED_SUFFIX } from '../../config/sentinel-pattern.js';
import { describeError, errorCode } from '../../lib/describe-error.js';

export interface SentinelTarget {
  /** `sentinels.root`; may itself be a link. */
  readonly root: string;
  /** Safe names of folders under it; those that are missing are made like the folder they are in. */
  readonly folders: readonly string[];
  /** Name of the success sentinel. */
  readonly file: string;
}

export type WriteResult =
  | { readonly kind: 'written' }
  /** The job has ended after all. */
  | { readonly kind: 'present'; readonly outcome: 'success' | 'failure' }
  | { readonly kind: 'failed'; readonly problem: string };

const FOLDER_FLAGS = constants.O_RDONLY | constants.O_DIRECTORY;
/** File systems without hard links (CIFS, FUSE): the name is taken first, then filled. */
const NO_LINKS = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK']);
const FILE_MODE = 0o644;

/** Never rejects. */
export async function writeFailureSentinel(target: SentinelTarget, content: string): Promise<WriteResult> {
  if (process.platform !== 'linux')
    return { kind: 'failed', problem: 'failure sentinels are written on Linux only' };
  try {
    const folder = await openFolder(target);
    try {
      return await writeInto(folder, target.file, content);
    } finally {
      await folder.close();
    }
  } catch (error) {
    return { kind: 'failed', problem: explain(error) };
  }
}

function explain(error: unknown): string {
  const code = errorCode(error);
  if (code === 'ELOOP' || code === 'ENOTDIR') return 'a folder on the way is a link or no folder';
  if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS') {
    return `the daemon may not write there (${code}): mount the artifacts writable and give its user the right`;
  }
  return describeError(error);
}

async function openFolder({ root, folders }: SentinelTarget): Promise<FileHandle> {
  let folder = await open(root, FOLDER_FLAGS);
  for (const name of folders) {
    try {
      const next = await enter(folder, name);
      await folder.close();
      folder = next;
    } catch (error) {
      await folder.close();
      throw error;
    }
  }
  return folder;
}

async function enter(folder: FileHandle, name: string): Promise<FileHandle> {
  const path = within(folder, name);
  const openIt = (): Promise<FileHandle> => open(path, FOLDER_FLAGS | constants.O_NOFOLLOW);
  try {
    return await openIt();
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') throw error;
  }
  const { mode, uid, gid } = await folder.stat();
  await mkdir(path, mode & 0o7777).catch((error: unknown) => {
    if (errorCode(error) !== 'EEXIST') throw error;
  });
  const made = await openIt();
  // The pipeline's own users must be able to go on in it, whoever the daemon runs as and whatever its umask.
  await made.chmod(mode & 0o7777).catch(() => made);
  await made.chown(uid, gid).catch(() => made);
  return made;
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

async function exists(path: string): Promise<boolean> {
  try {
    await lstat(path);
    return true;
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return false;
    throw error;
  }
}

function within({ fd }: FileHandle, name: string): string {
  return `/proc/self/fd/${fd}/${name}`;
}
