import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { readJournal } from '../../src/journal/read-journal.js';
import { tempDir } from '../support/temp-dir.js';

const T0 = Date.parse('2026-01-01T00:00:00Z');
const line = (second: number): string =>
  `${JSON.stringify({ at: new Date(T0 + second * 1000).toISOString(), type: 'failure', document: `D${second}` })}\n`;
const ALL = { fromMs: 0, toMs: Number.POSITIVE_INFINITY };

describe('a journal read from its files', () => {
  it('is in order over rotated files, by their numbers', async (test) => {
    const path = await tempDir(test);
    await writeFile(join(path, 'journal-9.jsonl'), line(1));
    await writeFile(join(path, 'journal-10.jsonl'), line(2));
    await writeFile(join(path, 'journal.jsonl'), line(3));
    await writeFile(join(path, 'notes.txt'), 'no journal\n');
    const { entries, files, badLines } = await readJournal({ path, ...ALL });
    assert.deepEqual(
      entries.map(({ document }) => document),
      ['D1', 'D2', 'D3'],
    );
    assert.deepEqual([files, badLines], [3, 0]);
  });

  it('loses only the lines that are bad', async (test) => {
    const path = join(await tempDir(test), 'any-name.jsonl');
    const unknown = `${JSON.stringify({ at: new Date(T0).toISOString(), type: 'of a newer daemon' })}\n`;
    const timeless = `${JSON.stringify({ at: 'never', type: 'failure' })}\n`;
    await writeFile(path, `${line(1)}{"torn\n\n\u0000\u0000\n${unknown}${timeless}${line(2)}`);
    const { entries, badLines } = await readJournal({ path, ...ALL });
    assert.deepEqual([entries.length, badLines], [2, 4]);
  });

  it('keeps to its range, and to the newest of too many', async (test) => {
    const path = await tempDir(test);
    await writeFile(
      join(path, 'journal.jsonl'),
      Array.from({ length: 50 }, (_, second) => line(second)).join(''),
    );
    const range = { fromMs: T0 + 10_000, toMs: T0 + 39_000 };
    assert.equal((await readJournal({ path, ...range })).entries.length, 30);
    const { entries, leftOut } = await readJournal({ path, ...range, maxEntries: 7 });
    assert.deepEqual([entries.length, leftOut, entries.at(-1)?.['document']], [7, 23, 'D39']);
  });

  it('that is not there is an error in the system’s words', async (test) => {
    const folder = await tempDir(test);
    await assert.rejects(readJournal({ path: join(folder, 'none'), ...ALL }), /ENOENT/);
    await assert.rejects(readJournal({ path: folder, ...ALL }), /no journal\.jsonl is in/);
  });
});
