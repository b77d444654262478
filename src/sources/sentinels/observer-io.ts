/**
 * The few file-system calls that looking at sentinels takes, all synchronous: on many small local files that is 5 to 10
 * times cheaper. Names and paths are as `file-names.ts` decodes them.
 */

import {
  closeSync,
  constants,
  type FSWatcher,
  fstatSync,
  lstatSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  realpathSync,
  type Stats,
  statfsSync,
  statSync,
  watch,
} from 'node:fs';
import { decodeFileName, mayLackBytes, pathOnDisk } from '../../lib/file-names.js';
import type { DiskSpace } from './observer-messages.js';

export interface ObserverIo {
  /** Undefined: not there. Other failures are thrown, here and below. */
  lstat(path: string): Stats | undefined;
  /** Follows links: the root may be one. */
  stat(path: string): Stats | undefined;
  list(path: string): readonly Entry[];
  /** The start of a file, and which file it was; a link is refused (ELOOP). */
  readStart(path: string): FileStart;
  /** One watch of one folder; throws ENOSPC or EMFILE when there are no more. A name that is no UTF-8 comes as null. */
  watch(path: string, onEvent: (name: string | null) => void): FSWatcher;
  realpath(path: string): string;
  disk(path: string): DiskSpace;
  /** A file of /proc, whole. */
  readProc(path: string): string;
}

export interface Entry {
  readonly name: string;
  isFile(): boolean;
  isDirectory(): boolean;
}

export interface FileStart {
  readonly text: string;
  readonly stats: Stats;
}

/** A file that changes while it is read is read again this often. */
const MAX_READS = 4;
/** As the contract bounds the pipeline's files. */
const MAX_FILE_BYTES = 65_536;

export const systemIo: ObserverIo = {
  lstat: (path) => lstatSync(pathOnDisk(path), { throwIfNoEntry: false }),
  stat: (path) => statSync(pathOnDisk(path), { throwIfNoEntry: false }),
  list: listFolder,
  readStart(path) {
    // O_NONBLOCK: a pipe that took the file's place since it was looked at must not block.
    const file = openSync(pathOnDisk(path), constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    try {
      let stats = fstatSync(file);
      for (let reads = 1; ; reads++) {
        const text = readText(file);
        const after = fstatSync(file);
        // Text and time stamps must belong together, or the end of one write looks like another write.
        const isStable = after.mtimeMs === stats.mtimeMs && after.size === stats.size;
        stats = after;
        if (isStable || reads === MAX_READS) return { text, stats };
      }
    } finally {
      closeSync(file);
    }
  },
  watch: (path, onEvent) =>
    watch(pathOnDisk(path), { recursive: false }, (_type, name) =>
      onEvent(name === null || mayLackBytes(name) ? null : name),
    ),
  realpath: (path) => realpathSync(pathOnDisk(path)),
  disk(path) {
    const { bavail, blocks, bsize, files, ffree } = statfsSync(path);
    // Some file systems have no fixed number of files, and say 0 of 0.
    return { freeBytes: bavail * bsize, totalBytes: blocks * bsize, ...(files > 0 && { freeFiles: ffree }) };
  },
  readProc: (path) => readFileSync(path, 'utf8'),
};

/** Read a second time only where a name is no UTF-8, because names as bytes cost more. */
function listFolder(path: string): readonly Entry[] {
  const folder = pathOnDisk(path);
  const entries = readdirSync(folder, { withFileTypes: true });
  if (!entries.some(({ name }) => mayLackBytes(name))) return entries;
  return readdirSync(folder, { withFileTypes: true, encoding: 'buffer' }).map((entry) => ({
    name: decodeFileName(entry.name),
    isFile: () => entry.isFile(),
    isDirectory: () => entry.isDirectory(),
  }));
}

function readText(file: number): string {
  const buffer = Buffer.allocUnsafe(MAX_FILE_BYTES);
  let length = 0;
  while (length < MAX_FILE_BYTES) {
    const bytes = readSync(file, buffer, length, MAX_FILE_BYTES - length, length);
    if (bytes === 0) break;
    length += bytes;
  }
  return buffer.toString('utf8', 0, length);
}
