/**
 * Opens the folder of a sentinel under the root, never outside it, whatever links and names lie in the way.
 *
 * Each folder is opened without following links, and what comes next is reached through the open folder
 * (/proc/self/fd, so on Linux only): nobody can put a link in the way between the look and the write.
 */

import { constants, type FileHandle, lstat, mkdir, open } from 'node:fs/promises';
import { describeError, errorCode } from '../../lib/describe-error.js';

export interface SentinelTarget {
  /** `sentinels.root`; may itself be a link. */
  readonly root: string;
  /** Safe names of folders under it; those that are missing are made like the folder they are in. */
  readonly folders: readonly string[];
  /** Name of the success sentinel. */
  readonly file: string;
}

const FOLDER_FLAGS = constants.O_RDONLY | constants.O_DIRECTORY;

/** Runs in the folder of the target, which is closed afterwards. `isMaking`: folders that are missing are made. */
export async function inFolder<T>(
  target: SentinelTarget,
  isMaking: boolean,
  act: (folder: FileHandle) => Promise<T>,
): Promise<T> {
  const folder = await openFolder(target, isMaking);
  try {
    return await act(folder);
  } finally {
    await folder.close();
  }
}

export function explain(error: unknown): string {
  const code = errorCode(error);
  if (code === 'ELOOP' || code === 'ENOTDIR') return 'a folder on the way is a link or no folder';
  if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS') {
    return `the daemon may not write there (${code}): mount the artifacts writable and give its user the right`;
  }
  return describeError(error);
}

async function openFolder({ root, folders }: SentinelTarget, isMaking: boolean): Promise<FileHandle> {
  let folder = await open(root, FOLDER_FLAGS);
  for (const name of folders) {
    try {
      const next = await enter(folder, name, isMaking);
      await folder.close();
      folder = next;
    } catch (error) {
      await folder.close();
      throw error;
    }
  }
  return folder;
}

async function enter(folder: FileHandle, name: string, isMaking: boolean): Promise<FileHandle> {
  const path = within(folder, name);
  const openIt = (): Promise<FileHandle> => open(path, FOLDER_FLAGS | constants.O_NOFOLLOW);
  try {
    return await openIt();
  } catch (error) {
    if (!isMaking || errorCode(error) !== 'ENOENT') throw error;
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

export async function exists(path: string): Promise<boolean> {
  try {
    await lstat(path);
    return true;
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return false;
    throw error;
  }
}

export function within({ fd }: FileHandle, name: string): string {
  return `/proc/self/fd/${fd}/${name}`;
}
