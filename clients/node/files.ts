/** Files that readers only ever see whole. */

import { randomBytes } from 'node:crypto';
import { close, fsync, open, rename, unlink, write } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';

// The callbacks of `fs`: file handles of `fs/promises` take several times as long for so small a file.
const calls = {
  open: promisify(open),
  write: promisify(write),
  fsync: promisify(fsync),
  close: promisify(close),
  rename: promisify(rename),
  unlink: promisify(unlink),
};

/** The daemon reads the first 64 kB of a sentinel, and a progress file only up to that size. */
export const MAX_FILE_BYTES = 65_536;

/**
 * Writes beside the target and renames; makes missing folders. `isDurable`: the content is on the disk before the name
 * appears, so that a power cut leaves no empty file. Rejects with the system's error; the target is then as it was.
 */
export async function writeAtomically(path: string, text: string, isDurable: boolean): Promise<void> {
  const folder = dirname(path);
  // A leading dot keeps the name out of the daemon's scans; the target's own name may leave no room for a suffix.
  const temporary = join(folder, `.${process.pid}-${randomBytes(6).toString('hex')}.tmp`);
  try {
    await writeNew(temporary, text, isDurable).catch(async (error: unknown) => {
      if (errorCode(error) !== 'ENOENT') throw error;
      await mkdir(folder, { recursive: true });
      await writeNew(temporary, text, isDurable);
    });
    await calls.rename(temporary, path);
  } catch (error) {
    await calls.unlink(temporary).catch(() => undefined);
    throw error;
  }
}

async function writeNew(path: string, text: string, isDurable: boolean): Promise<void> {
  const file = await calls.open(path, 'w', 0o666);
  try {
    let rest = Buffer.from(text);
    while (rest.length > 0) rest = rest.subarray((await calls.write(file, rest)).bytesWritten);
    if (isDurable) await calls.fsync(file);
  } finally {
    await calls.close(file);
  }
}

export async function removeFile(path: string): Promise<void> {
  await calls.unlink(path).catch((error: unknown) => {
    const code = errorCode(error);
    if (code !== 'ENOENT' && code !== 'ENOTDIR') throw error;
  });
}

/** At most `limit` characters: the start and the end, where a stack says most. */
export function clip(text: string, limit: number): string {
  if (text.length <= limit) return text;
  const half = Math.floor(limit / 2) - 2;
  return wellFormed(`${text.slice(0, half)}\n…\n${text.slice(-half)}`);
}

/** Half of a surrogate pair becomes a replacement character, as encoding does it. */
export function wellFormed(text: string): string {
  return Buffer.from(text).toString();
}

export function errorCode(error: unknown): string | undefined {
  const code = error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined;
  return typeof code === 'string' ? code : undefined;
}

export function errorText(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
