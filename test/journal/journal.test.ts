import assert from 'node:assert/strict';
import { readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { createJournal, type JournalOptions } from '../../src/journal/journal.js';
import { createLogger } from '../../src/lib/logger.js';
import { createFakeClock } from '../support/fake-clock.js';
import { tempDir } from '../support/temp-dir.js';
import { waitFor } from '../support/wait-for.js';

function life(directory: string, more: Partial<JournalOptions> = {}) {
  const clock = createFakeClock();
  const logLines: string[] = [];
  const log = createLogger({ level: 'debug', format: 'json', write: (line) => logLines.push(line) });
  return { clock, logLines, journal: createJournal({ directory, clock, log, ...more }) };
}

const linesOf = async (directory: string, name = 'journal.jsonl'): Promise<string[]> =>
  (await readFile(join(directory, name), 'utf8')).split('\n').slice(0, -1);

const namesIn = (journal: ReturnType<typeof life>['journal']): unknown[] =>
  journal.newest({ limit: 100 }).map(({ name }) => name);

test('what was appended is a line each, in order, and is there in the next life', async (t) => {
  const directory = await tempDir(t);
  const first = life(directory);
  await first.journal.open();
  first.journal.append({ type: 'daemon_started', name: 'a', left: undefined });
  first.journal.append({ type: 'failure', name: 'b', url: 'amqp://user:secret@broker/v' });
  await first.journal.close();
  assert.deepEqual(await linesOf(directory), [
    '{"at":"2025-11-23T12:13:20.000Z","type":"daemon_started","name":"a"}',
    '{"at":"2025-11-23T12:13:20.000Z","type":"failure","name":"b","url":"amqp://***@broker/v"}',
  ]);
  const second = life(directory);
  await second.journal.open();
  assert.deepEqual(namesIn(second.journal), ['b', 'a']);
  assert.deepEqual(second.logLines, []);
});

test('a durable entry is in the file when it resolves, behind what came before it', async (t) => {
  const directory = await tempDir(t);
  const { journal } = life(directory);
  await journal.open();
  journal.append({ type: 'failure', name: 'before' });
  assert.equal(await journal.appendDurably({ type: 'restart_started', name: 'now' }), true);
  const names = (await linesOf(directory)).map((line) => (JSON.parse(line) as { name: string }).name);
  assert.deepEqual(names, ['before', 'now']);
});

test('cut off at any byte, whole lines are kept, the torn one is dropped, said and counted', async (t) => {
  const directory = await tempDir(t);
  const lines = ['a', 'bé', 'c'].map(
    (name) => `${JSON.stringify({ at: '2025-11-23T12:13:20.000Z', type: 'failure', name })}\n`,
  );
  const whole = Buffer.from(lines.join(''));
  const ends = lines.map((_, index) => Buffer.byteLength(lines.slice(0, index + 1).join('')));
  for (let length = 0; length <= whole.length; length++) {
    await rm(join(directory, 'journal.jsonl'), { force: true });
    await writeFile(join(directory, 'journal.jsonl'), whole.subarray(0, length));
    const { journal, logLines } = life(directory);
    await journal.open();
    const kept = ends.filter((end) => end <= length).length;
    const isTorn = length > 0 && !ends.includes(length);
    assert.deepEqual(namesIn(journal), ['a', 'bé', 'c'].slice(0, kept).toReversed(), `cut at ${length}`);
    assert.equal(journal.counts.dropped, isTorn ? 1 : 0, `cut at ${length}`);
    assert.equal(logLines.length, isTorn ? 1 : 0, `cut at ${length}`);
    assert.equal(await journal.appendDurably({ type: 'failure', name: 'next' }), true);
    await journal.close();
    const after = (await linesOf(directory)).map(
      (line) => JSON.parse(line) as { type: string; name?: string },
    );
    assert.deepEqual(
      after.map(({ type, name }) => name ?? type),
      [...['a', 'bé', 'c'].slice(0, kept), ...(isTorn ? ['entries_lost'] : []), 'next'],
      `cut at ${length}`,
    );
  }
});

test('a torn line longer than one read is cut off as well', async (t) => {
  const directory = await tempDir(t);
  const line = '{"at":"2025-11-23T12:13:20.000Z","type":"failure","name":"a"}\n';
  await writeFile(join(directory, 'journal.jsonl'), line + 'x'.repeat(200_000));
  const { journal } = life(directory);
  await journal.open();
  assert.deepEqual(namesIn(journal), ['a']);
  assert.equal(await readFile(join(directory, 'journal.jsonl'), 'utf8'), line);
  await journal.close();
});

test('lines that are no entries are passed over and said once', async (t) => {
  const directory = await tempDir(t);
  const good = '{"at":"2025-11-23T12:13:20.000Z","type":"failure","name":"a"}';
  await writeFile(join(directory, 'journal.jsonl'), `${good}\nnot json\n{"at":1}\n[]\n{"type":"x"}\n`);
  const { journal, logLines } = life(directory);
  await journal.open();
  assert.deepEqual(namesIn(journal), ['a']);
  assert.equal(logLines.length, 1);
  assert.match(logLines[0] ?? '', /"lines":4/);
  await journal.close();
});

test('files are rotated and the oldest are removed', async (t) => {
  const directory = await tempDir(t);
  const { journal } = life(directory, { maxFileBytes: 200, maxRotated: 2 });
  await journal.open();
  for (let index = 0; index < 12; index++) {
    await journal.appendDurably({ type: 'failure', name: `n${index}` });
  }
  await journal.close();
  const names = (await readdir(directory)).toSorted();
  assert.deepEqual(names, ['journal-3.jsonl', 'journal-2.jsonl', 'journal.jsonl'].toSorted());
  const next = life(directory, { maxFileBytes: 200, maxRotated: 2 });
  await next.journal.open();
  assert.deepEqual(namesIn(next.journal).slice(0, 4), ['n11', 'n10', 'n9', 'n8']);
  await next.journal.close();
});

test('a full disk is said once, nothing waits for it, and what fits the buffer is written later', async (t) => {
  const directory = await tempDir(t);
  await symlink('/dev/full', join(directory, 'journal.jsonl'));
  const { clock, journal, logLines } = life(directory, { maxWaiting: 3 });
  await journal.open();
  for (const name of ['a', 'b', 'c', 'd', 'e']) journal.append({ type: 'failure', name });
  assert.equal(await journal.appendDurably({ type: 'restart_started', name: 'r' }), false);
  await clock.advance(10_000);
  await waitFor('the problem to be said', () => !journal.counts.isWritable);
  assert.equal(await journal.appendDurably({ type: 'restart_started', name: 'r2' }), false);
  assert.equal(logLines.length, 1);
  assert.match(logLines[0] ?? '', /cannot be written, going on without remembering/);
  assert.equal(journal.counts.dropped, 4);
  await rm(join(directory, 'journal.jsonl'));
  await waitFor('the retry', async () => {
    await clock.advance(10_000);
    return journal.counts.isWritable;
  });
  const entries = (await linesOf(directory)).map(
    (line) => JSON.parse(line) as { type: string; name?: string; count?: number },
  );
  assert.deepEqual(
    entries.map(({ name, count }) => name ?? count),
    [4, 'a', 'b', 'c'],
  );
  assert.equal(logLines.length, 2);
  await journal.close();
});

test('whoever waits for the disk is answered, also when a failing write leaves no room', async (t) => {
  const directory = await tempDir(t);
  await symlink('/dev/full', join(directory, 'journal.jsonl'));
  const { journal } = life(directory, { maxWaiting: 2 });
  await journal.open();
  journal.append({ type: 'failure', name: 'a' });
  journal.append({ type: 'failure', name: 'b' });
  const first = journal.appendDurably({ type: 'restart_started', name: 'no room' });
  // One turn of promises: the write has taken its batch, and the disk has not answered yet.
  await Promise.resolve();
  const second = journal.appendDurably({ type: 'restart_started', name: 'during the write' });
  assert.deepEqual(await Promise.all([first, second]), [false, false]);
  assert.equal(journal.counts.dropped, 2);
  await journal.close();
});

test('a journal that is removed from under the daemon is begun anew', async (t) => {
  const directory = await tempDir(t);
  const { journal } = life(directory);
  await journal.open();
  await journal.appendDurably({ type: 'failure', name: 'a' });
  await rm(join(directory, 'journal.jsonl'));
  assert.equal(await journal.appendDurably({ type: 'failure', name: 'b' }), true);
  assert.equal((await linesOf(directory)).length, 1);
  await journal.close();
});

test('an entry that is far too long is cut to what it was', async (t) => {
  const directory = await tempDir(t);
  const { journal } = life(directory);
  await journal.open();
  await journal.appendDurably({ type: 'failure', error: 'x'.repeat(100_000) });
  await journal.close();
  assert.deepEqual(JSON.parse((await linesOf(directory))[0] ?? ''), {
    at: '2025-11-23T12:13:20.000Z',
    type: 'failure',
    oversized: true,
  });
});

test('readers ask by time, kind and number', async (t) => {
  const { clock, journal } = life(await tempDir(t));
  await journal.open();
  for (const type of ['failure', 'finding_opened', 'failure'] as const) {
    journal.append({ type, name: String(clock.nowMs()) });
    await clock.advance(1000);
  }
  const start = clock.nowMs() - 3000;
  assert.equal(journal.newest({ limit: 2 }).length, 2);
  assert.deepEqual(
    journal.newest({ limit: 9, types: ['failure'] }).map(({ name }) => name),
    [String(start + 2000), String(start)],
  );
  assert.equal(journal.newest({ limit: 9, sinceMs: start + 1000 }).length, 2);
  await journal.close();
});
