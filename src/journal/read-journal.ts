/** Reads a journal from its files, oldest entry first, rotated files too; a bad line costs itself alone. */

import { createReadStream } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { type JournalEntry, parseEntry } from './journal-entry.js';

export interface JournalReading {
  readonly entries: readonly JournalEntry[];
  readonly files: number;
  /** Lines that are no entry, or of a type that is not known here. */
  readonly badLines: number;
  /** Entries of the range that were too many: the oldest. */
  readonly leftOut: number;
}

export interface ReadJournalOptions {
  /** A daemon's `data_dir`, or one journal file. */
  readonly path: string;
  /** Unix milliseconds, both included. */
  readonly fromMs: number;
  readonly toMs: number;
  readonly maxEntries?: number;
}

const CURRENT = 'journal.jsonl';
const ROTATED = /^journal-(\d{1,15})\.jsonl$/;
const MAX_ENTRIES = 400_000;

/** Rejects with the system's error when there is no journal, or none that may be read. */
export async function readJournal(options: ReadJournalOptions): Promise<JournalReading> {
  const { path, fromMs, toMs, maxEntries = MAX_ENTRIES } = options;
  const files = await listFiles(path);
  const entries: JournalEntry[] = [];
  let badLines = 0;
  let leftOut = 0;
  for (const file of files) {
    for await (const line of linesOf(file)) {
      if (line === '') continue;
      const entry = parseEntry(line);
      const atMs = entry ? Date.parse(entry.at) : Number.NaN;
      if (!entry || Number.isNaN(atMs)) badLines++;
      else if (atMs >= fromMs && atMs <= toMs) entries.push(entry);
      // In large pieces: the oldest one by one would take the square of the time.
      if (entries.length >= 2 * maxEntries) leftOut += entries.splice(0, maxEntries).length;
    }
  }
  leftOut += entries.splice(0, Math.max(0, entries.length - maxEntries)).length;
  return { entries, files: files.length, badLines, leftOut };
}

function linesOf(file: string): AsyncIterable<string> {
  return createInterface({ input: createReadStream(file, 'utf8'), crlfDelay: Number.POSITIVE_INFINITY });
}

async function listFiles(path: string): Promise<readonly string[]> {
  if (!(await stat(path)).isDirectory()) return [path];
  const rotated = (await readdir(path))
    .flatMap((name) => ROTATED.exec(name)?.[1] ?? [])
    .map(Number)
    .toSorted((one, other) => one - other)
    .map((number) => join(path, `journal-${number}.jsonl`));
  const current = join(path, CURRENT);
  const hasCurrent = await stat(current).then(
    () => true,
    () => false,
  );
  const files = hasCurrent ? [...rotated, current] : rotated;
  if (files.length === 0) throw new Error(`no ${CURRENT} is in ${path}`);
  return files;
}
