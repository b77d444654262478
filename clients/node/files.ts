/** Files that readers only ever see whole. */

import { randomBytes } from 'node:crypto';
import { mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';

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
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined);
    throw error;
  }
}

async function writeNew(path: string, text: string, isDurable: boolean): Promise<void> {
  const file = await open(path, 'w', 0o666);
  try {
    await file.writeFile(text);
    if (isDurable) await file.sync();
  } finally {
    await file.close();
  }
}

export async function removeFile(path: string): Promise<void> {
  await rm(path, { force: true }).catch((error: unknown) => {
    // What is not a file here is not there for us either.
    if (errorCode(error) !== 'ENOTDIR') throw error;
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
