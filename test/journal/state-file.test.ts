import assert from 'node:assert/strict';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { createStateFile } from '../../src/journal/state-file.js';
import { createLogger } from '../../src/lib/logger.js';
import { createFakeClock } from '../support/fake-clock.js';
import { tempDir } from '../support/temp-dir.js';
import { waitFor } from '../support/wait-for.js';

function life(directory: string, maxBytes?: number) {
  const clock = createFakeClock();
  const logLines: string[] = [];
  const log = createLogger({ level: 'debug', format: 'json', write: (line) => logLines.push(line) });
  const file = createStateFile({ directory, clock, log, ...(maxBytes !== undefined && { maxBytes }) });
  return { clock, logLines, file };
}

test('owners find their own sections again in the next life', async (t) => {
  const directory = await tempDir(t);
  const first = life(directory);
  await first.file.open();
  assert.equal(first.file.section('a', 1).load(), undefined);
  first.file.section('a', 1).save(() => ({ x: 1 }));
  first.file.section('b', 3).save(() => [2]);
  await first.file.close();
  const second = life(directory);
  await second.file.open();
  assert.deepEqual(second.file.section('a', 1).load(), { x: 1 });
  assert.deepEqual(second.file.section('b', 3).load(), [2]);
  assert.equal(second.file.section('b', 4).load(), undefined, 'a section of another version is nothing');
  second.file.section('a', 1).save(() => ({ x: 2 }));
  await second.file.close();
  const third = life(directory);
  await third.file.open();
  assert.deepEqual(third.file.section('b', 3).load(), [2], 'a section that nobody saved stays');
  assert.deepEqual(second.logLines, []);
});

test('many saves become one write, of the state at that time', async (t) => {
  const directory = await tempDir(t);
  const { clock, file } = life(directory);
  await file.open();
  let produced = 0;
  for (let index = 0; index < 100; index++) file.section('a', 1).save(() => ++produced);
  assert.deepEqual(await readdir(directory), []);
  await clock.advance(2000);
  await waitFor('the write', async () =>
    (await readFile(join(directory, 'state.json'), 'utf8')).includes('"value":1'),
  );
  assert.equal(produced, 1);
  await file.close();
});

test('what must be on disk now is, and a disk that does not take it says so', async (t) => {
  const directory = join(await tempDir(t), 'data');
  const { file } = life(directory);
  await file.open();
  file.section('a', 1).save(() => 'x');
  assert.equal(await file.flush(), false);
  await mkdir(directory);
  assert.equal(await file.flush(), true);
  assert.match(await readFile(join(directory, 'state.json'), 'utf8'), /"value":"x"/);
  await file.close();
});

for (const [what, content] of [
  ['torn', '{"format":"stagewatch-state-1","sections":{"a":{"ver'],
  ['empty', ''],
  ['foreign', '{"hello":1}'],
  ['from another version', '{"format":"stagewatch-state-9","sections":{}}'],
  ['oversized', `"${'x'.repeat(2000)}"`],
] as const) {
  test(`a file that is ${what} is set aside with a log line, and a new one is begun`, async (t) => {
    const directory = await tempDir(t);
    await writeFile(join(directory, 'state.json'), content);
    const { file, logLines } = life(directory, 1000);
    await file.open();
    assert.equal(file.section('a', 1).load(), undefined);
    assert.match(logLines.join(''), /state file is not usable/);
    const [aside] = await readdir(directory);
    assert.match(aside ?? '', /^state\.json\.set-aside-\d+$/);
    assert.equal(logLines.length, 1);
    file.section('a', 1).save(() => 5);
    await file.close();
    assert.deepEqual((await readdir(directory)).length, 2);
  });
}

test('a folder that cannot be written is one log line, and the state is saved when it can be', async (t) => {
  const directory = join(await tempDir(t), 'data');
  await mkdir(directory);
  const { clock, file, logLines } = life(directory);
  await file.open();
  await rm(directory, { recursive: true });
  file.section('a', 1).save(() => 7);
  await clock.advance(2000);
  await waitFor('the line', () => logLines.some((line) => line.includes('state cannot be saved')));
  await mkdir(directory);
  await waitFor('the retry', async () => {
    await clock.advance(30_000);
    return (await readFile(join(directory, 'state.json'), 'utf8')).includes('"value":7');
  });
  await waitFor('the all-clear', () => logLines.some((line) => line.includes('state is saved again')));
  assert.equal(logLines.length, 2);
  await file.close();
});

test('an owner that starts anew within one life finds what was saved but not yet written', async (t) => {
  const { file } = life(await tempDir(t));
  await file.open();
  file.section('a', 1).save(() => ({ x: 1 }));
  assert.deepEqual(file.section('a', 1).load(), { x: 1 });
  assert.equal(file.section('a', 2).load(), undefined);
  await file.close();
});

test('what was noted outlives a kill until its section is saved, a torn last line aside', async (t) => {
  const directory = await tempDir(t);
  const ahead = join(directory, 'state-ahead.jsonl');
  const first = life(directory);
  await first.file.open();
  first.file.section('a', 1).note({ x: 1 });
  first.file.section('b', 1).note('kept');
  await waitFor('the notes', async () => (await readFile(ahead, 'utf8').catch(() => '')).includes('kept'));
  await writeFile(ahead, `${await readFile(ahead, 'utf8')}{"section":"a","val`);
  const second = life(directory);
  await second.file.open();
  const section = second.file.section('a', 1);
  section.note({ x: 2 });
  assert.deepEqual(section.loadNotes(), [{ x: 1 }, { x: 2 }]);
  section.save(() => 'all');
  assert.equal(await second.file.flush(), true);
  const third = life(directory);
  await third.file.open();
  assert.deepEqual(third.file.section('a', 1).loadNotes(), []);
  assert.deepEqual(third.file.section('b', 1).loadNotes(), ['kept']);
});
