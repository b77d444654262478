/**
 * Keeps small facts on disk until the state that holds them is saved: a line is appended at once and without a sync, so it
 * outlives a kill of the daemon (not a loss of power), where a save of everything comes seconds later.
 */

import { appendFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readBoundedFile } from '../lib/atomic-file.js';

export interface SaveAhead {
  /** Reads what the last life left; never rejects. */
  open(): Promise<void>;
  add(section: string, value: unknown): void;
  of(section: string): readonly unknown[];
  /** The sections are about to be saved as they are now; call the answer when they are. */
  mark(sections: readonly string[]): () => Promise<void>;
}

interface Noted {
  readonly section: string;
  readonly value: unknown;
}

const FILE_NAME = 'state-ahead.jsonl';
const MAX_BYTES = 32 * 1024 * 1024;
/** Where nothing can be saved for long, the oldest facts are given up. */
const MAX_NOTED = 20_000;

export function createSaveAhead(directory: string): SaveAhead {
  const path = join(directory, FILE_NAME);
  let noted: Noted[] = [];
  let unwritten = '';
  let writing: Promise<void> = Promise.resolve();

  function then(work: () => Promise<void>): Promise<void> {
    // A folder that cannot be written is told, and tried again, by the save that follows.
    writing = writing.then(work).catch(() => undefined);
    return writing;
  }

  async function append(): Promise<void> {
    const text = unwritten;
    unwritten = '';
    if (text !== '') await appendFile(path, text, { mode: 0o600 });
  }

  async function rewrite(): Promise<void> {
    unwritten = '';
    if (noted.length === 0) return rm(path, { force: true });
    await writeFile(`${path}.tmp`, noted.map(toLine).join(''), { mode: 0o600 });
    await rename(`${path}.tmp`, path);
  }

  return {
    async open() {
      const text = await readBoundedFile(path, MAX_BYTES).catch(() => '');
      noted = text.split('\n').flatMap(parseLine);
      // A line that was torn by the kill must not spoil the next one.
      if (text !== '') await then(rewrite);
    },
    add(section, value) {
      const entry = { section, value };
      noted.push(entry);
      if (noted.length > MAX_NOTED) noted.shift();
      if (unwritten === '') void then(append);
      unwritten += toLine(entry);
    },
    of: (section) => noted.filter((entry) => entry.section === section).map(({ value }) => value),
    mark(sections) {
      const saved = new Set(noted.filter(({ section }) => sections.includes(section)));
      return async () => {
        if (saved.size === 0) return;
        noted = noted.filter((entry) => !saved.has(entry));
        await then(rewrite);
      };
    },
  };
}

function toLine(entry: Noted): string {
  return `${JSON.stringify(entry)}\n`;
}

function parseLine(line: string): readonly Noted[] {
  try {
    const { section, value } = JSON.parse(line) as { section?: unknown; value?: unknown };
    return typeof section === 'string' ? [{ section, value }] : [];
  } catch {
    // Torn, or the empty end of the file.
    return [];
  }
}
