/**
 * The files of the journal: appends whole lines to `journal.jsonl`, rotates it to `journal-<n>.jsonl`, and cuts off
 * what a crash or a full disk has left half written.
 */

import { type FileHandle, open, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';

export interface JournalFiles {
  /** Cuts off a torn last line; rejects with the system's error. */
  open(): Promise<{ readonly tornBytes: number }>;
  /** Appends whole lines; when it rejects, nothing of them stays in the file. `isDurable`: on disk when it resolves. */
  append(lines: Buffer, isDurable: boolean): Promise<void>;
  /** Lines of the newest files, oldest first, as many as fit into `maxBytes`. */
  readNewest(maxBytes: number): Promise<readonly string[]>;
  close(): Promise<void>;
}

export interface JournalFilesOptions {
  readonly directory: string;
  readonly maxFileBytes: number;
  /** Rotated files that are kept. */
  readonly maxRotated: number;
}

const CURRENT = 'journal.jsonl';
const ROTATED = /^journal-(\d{1,15})\.jsonl$/;
const NEWLINE = 0x0a;
const CHUNK_BYTES = 64 * 1024;

export function createJournalFiles({
  directory,
  maxFileBytes,
  maxRotated,
}: JournalFilesOptions): JournalFiles {
  const path = join(directory, CURRENT);
  let file: FileHandle | undefined;
  /** Bytes of whole lines; what stands behind them is half written. */
  let wholeBytes = 0;

  async function openCurrent(): Promise<{ readonly file: FileHandle; readonly tornBytes: number }> {
    const opened = await open(path, 'a+', 0o600);
    try {
      const { size } = await opened.stat();
      wholeBytes = await endOfLastLine(opened, size);
      if (wholeBytes < size) await opened.truncate(wholeBytes);
      file = opened;
      return { file: opened, tornBytes: size - wholeBytes };
    } catch (error) {
      await opened.close();
      throw error;
    }
  }

  async function rotate(): Promise<void> {
    await close();
    const numbers = await rotatedNumbers(directory);
    await rename(path, join(directory, `journal-${(numbers.at(-1) ?? 0) + 1}.jsonl`));
    for (const number of numbers.slice(0, Math.max(0, numbers.length + 1 - maxRotated))) {
      await rm(join(directory, `journal-${number}.jsonl`), { force: true });
    }
  }

  async function close(): Promise<void> {
    const closing = file;
    file = undefined;
    await closing?.close();
  }

  return {
    async open() {
      const { tornBytes } = await openCurrent();
      return { tornBytes };
    },
    async append(lines, isDurable) {
      // Removed from under the daemon (a clean-up, a new volume): what is appended to it would be lost in silence.
      if (file && (await file.stat()).nlink === 0) await close();
      let target = file ?? (await openCurrent()).file;
      if (wholeBytes > 0 && wholeBytes + lines.length > maxFileBytes) {
        await rotate();
        target = (await openCurrent()).file;
      }
      try {
        await target.appendFile(lines);
        if (isDurable) await target.datasync();
        wholeBytes += lines.length;
      } catch (error) {
        // Opened anew at the next append, which also cuts off what could not be cut off now.
        await target.truncate(wholeBytes).catch(() => undefined);
        await close().catch(() => undefined);
        throw error;
      }
    },
    async readNewest(maxBytes) {
      const numbers = await rotatedNumbers(directory);
      const names = [...numbers.map((number) => `journal-${number}.jsonl`), CURRENT];
      const newestFirst: string[][] = [];
      let leftBytes = maxBytes;
      for (const name of names.toReversed()) {
        if (leftBytes <= 0) break;
        const text = await readEnd(join(directory, name), leftBytes);
        leftBytes -= Buffer.byteLength(text);
        newestFirst.push(text.split('\n'));
      }
      return newestFirst
        .toReversed()
        .flat()
        .filter((line) => line !== '');
    },
    close,
  };
}

async function rotatedNumbers(directory: string): Promise<readonly number[]> {
  const names = await readdir(directory);
  return names
    .flatMap((name) => ROTATED.exec(name)?.[1] ?? [])
    .map(Number)
    .toSorted((one, other) => one - other);
}

/** Offset behind the last newline, looked for from the end. */
async function endOfLastLine(file: FileHandle, size: number): Promise<number> {
  const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
  for (let end = size; end > 0; end = Math.max(0, end - CHUNK_BYTES)) {
    const from = Math.max(0, end - CHUNK_BYTES);
    const { bytesRead } = await file.read(chunk, 0, end - from, from);
    const newlineAt = chunk.subarray(0, bytesRead).lastIndexOf(NEWLINE);
    if (newlineAt >= 0) return from + newlineAt + 1;
  }
  return 0;
}

/** The last `maxBytes` of a file, from the first whole line on. */
async function readEnd(path: string, maxBytes: number): Promise<string> {
  const file = await open(path, 'r');
  try {
    const { size } = await file.stat();
    const from = Math.max(0, size - maxBytes);
    const buffer = Buffer.allocUnsafe(size - from);
    const { bytesRead } = await file.read(buffer, 0, buffer.length, from);
    const text = buffer.toString('utf8', 0, bytesRead);
    return from === 0 ? text : text.slice(text.indexOf('\n') + 1);
  } finally {
    await file.close();
  }
}
