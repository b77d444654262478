import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { chmod, mkdir, rename, rm, symlink, truncate, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import {
  createDirectorySweep,
  type DirectorySweep,
  type SweepDirectory,
} from '../../../src/sources/progress/sweep-directory.js';
import { tempDir } from '../../support/temp-dir.js';

const TICK = 3000;

/** `name: report's done` or `name: reason`, for what a look found changed. */
function changes({ changed }: DirectorySweep): Record<string, unknown> {
  return Object.fromEntries(
    changed.map(({ name, reading }) => [
      name,
      reading.kind === 'report' ? reading.report.done : reading.reason,
    ]),
  );
}

/** Root reads everything: the look is made with another user's rights, where the test may take them on. */
function asNobody(sweep: SweepDirectory): SweepDirectory {
  if (process.getuid?.() !== 0) return sweep;
  return (monotonicMs) => {
    process.seteuid?.('nobody');
    try {
      return sweep(monotonicMs);
    } finally {
      process.seteuid?.(0);
    }
  };
}

async function folder(t: TestContext, files: Readonly<Record<string, string | Buffer>> = {}) {
  const directory = await tempDir(t);
  const write = (name: string, content: string | Buffer): Promise<void> =>
    writeFile(join(directory, name), content);
  for (const [name, content] of Object.entries(files)) await write(name, content);
  return { directory, write, path: (name: string) => join(directory, name) };
}

test('the first look tells all, later ones what changed', async (t) => {
  const { directory, write, path } = await folder(t, { 'a.json': '{"done":1}', 'b.json': '{"done":2}' });
  const sweep = createDirectorySweep(directory);
  const first = sweep(0);
  assert.equal(first.isComplete, true);
  assert.deepEqual(changes(first), { a: 1, b: 2 });
  await write('a.json', '{"done":10}');
  await rm(path('b.json'));
  const second = sweep(TICK);
  assert.equal(second.isComplete, false);
  assert.deepEqual(changes(second), { a: 10 });
  assert.deepEqual(second.removed, ['b']);
  assert.deepEqual(sweep(2 * TICK), { isComplete: false, changed: [], removed: [], skipped: 0 });
});

test('rewrites in quick succession, of one size and in one inode, are all seen', async (t) => {
  const { directory, path } = await folder(t);
  const sweep = createDirectorySweep(directory);
  // Faster than the clock of the file system ticks: most of these leave every time as it was.
  for (let round = 0; round < 200; round++) {
    const done = 100 + round;
    writeFileSync(path('a.json'), `{"done":${done}}`);
    assert.deepEqual(changes(sweep(round)), { a: done });
  }
});

test('a file that is settled is not read again', async (t) => {
  const files = Array.from({ length: 50 }, (_, i) => [`${i}.json`, '{"done":1}'] as const);
  const { directory } = await folder(t, Object.fromEntries(files));
  const sweep = createDirectorySweep(directory);
  sweep(0);
  const unsettled = readCalls(() => sweep(1000));
  sweep(TICK);
  const settled = readCalls(() => sweep(2 * TICK));
  assert.ok(unsettled >= 50, `${unsettled} calls`);
  assert.ok(settled < 20, `${settled} calls`);
});

/** How many times the process has called read, by the kernel's count. */
function readCalls(work: () => void): number {
  const count = (): number => Number(/^syscr: (\d+)$/m.exec(readFileSync('/proc/self/io', 'utf8'))?.[1]);
  const before = count();
  work();
  return count() - before;
}

test('a touch alone is told: it is a sign of life', async (t) => {
  const { directory, path } = await folder(t, { 'a.json': '{"done":1}' });
  const sweep = createDirectorySweep(directory);
  sweep(0);
  sweep(TICK);
  await utimes(path('a.json'), new Date(), new Date());
  assert.deepEqual(changes(sweep(2 * TICK)), { a: 1 });
});

test('whatever else lies there costs itself only', async (t) => {
  const { directory, path } = await folder(t, {
    'good.json': '{"done":7}',
    'empty.json': '',
    'half.json': '{"done":',
    'binary.json': Buffer.from([0xff, 0xfe, 0x00, 0x80]),
    'list.json': '[]',
    'traversal.json': '{"name":"../../etc"}',
    'late.json': '{"updated_at":"soon"}',
    '.hidden.json': '{"done":1}',
    '.a.json.12.tmp': '{"done":1}',
    'notes.txt': 'x',
    'a..b.json': '{}',
  });
  await writeFile(path('big.json'), '{"done":1}');
  await truncate(path('big.json'), 65_537);
  await mkdir(path('folder.json'));
  await symlink('/etc/passwd', path('out.json'));
  await symlink('good.json', path('in.json'));
  execFileSync('mkfifo', [path('pipe.json')]);
  await writeFile(
    Buffer.concat([Buffer.from(`${directory}/bad`), Buffer.from([0xff]), Buffer.from('.json')]),
    '{}',
  );
  assert.deepEqual(changes(createDirectorySweep(directory)(0)), {
    good: 7,
    empty: 'empty',
    half: 'not_json',
    binary: 'not_utf8',
    list: 'wrong_type',
    traversal: 'bad_name',
    late: 'clock',
    'a..b': 'bad_name',
    'bad\\xff': 'bad_name',
    big: 'oversized',
    folder: 'directory',
    out: 'symlink',
    in: 'symlink',
    pipe: 'not_a_file',
  });
});

test('65,536 bytes are read, one more is not', async (t) => {
  const { directory, write } = await folder(t);
  const whole = `{"done":1,"message":"${'é'.repeat(32_000)}`;
  const filled = (size: number): string => `${whole}${'x'.repeat(size - Buffer.byteLength(whole) - 2)}"}`;
  await write('fits.json', filled(65_536));
  await write('over.json', filled(65_537));
  assert.deepEqual(changes(createDirectorySweep(directory)(0)), { fits: 1, over: 'oversized' });
});

test('a file that may not be read is named, and read once it may', async (t) => {
  const { directory, path } = await folder(t, { 'a.json': '{"done":1}' });
  await chmod(directory, 0o755);
  await chmod(path('a.json'), 0);
  const sweep = asNobody(createDirectorySweep(directory));
  assert.deepEqual(changes(sweep(0)), { a: 'unreadable' });
  assert.deepEqual(changes(sweep(TICK)), {});
  await chmod(path('a.json'), 0o644);
  assert.deepEqual(changes(sweep(2 * TICK)), { a: 1 });
});

test('a problem is told once, and its end too', async (t) => {
  const { directory, write } = await folder(t, { 'a.json': '{' });
  const sweep = createDirectorySweep(directory);
  assert.deepEqual(changes(sweep(0)), { a: 'not_json' });
  assert.deepEqual(changes(sweep(1000)), {});
  await write('a.json', '{"done":3}');
  assert.deepEqual(changes(sweep(2000)), { a: 3 });
});

test('a folder that vanishes fails, and is told whole when it returns', async (t) => {
  const { directory } = await folder(t, { 'a.json': '{"done":1}' });
  const sweep = createDirectorySweep(directory);
  sweep(0);
  await rename(directory, `${directory}-away`);
  assert.throws(() => sweep(TICK), { code: 'ENOENT' });
  await rename(`${directory}-away`, directory);
  const back = sweep(2 * TICK);
  assert.equal(back.isComplete, true);
  assert.deepEqual(changes(back), { a: 1 });
});

test('over the limit the first by name are read, the others counted', async (t) => {
  const { directory } = await folder(t, { 'c.json': '{}', 'a.json': '{}', 'b.json': '{}' });
  const { changed, skipped } = createDirectorySweep(directory, 2)(0);
  assert.deepEqual(changed.map(({ name }) => name).toSorted(), ['a', 'b']);
  assert.equal(skipped, 1);
});

test('names that are no UTF-8 are of no use, each told by itself', async (t) => {
  const { directory } = await folder(t, { 'a.json': '{"done":1}' });
  for (const byte of [0xfe, 0xff]) {
    writeFileSync(
      Buffer.concat([Buffer.from(`${directory}/w`), Buffer.of(byte), Buffer.from('.json')]),
      '{}',
    );
  }
  const sweep = createDirectorySweep(directory);
  assert.deepEqual(changes(sweep(0)), { a: 1, 'w\\xfe': 'bad_name', 'w\\xff': 'bad_name' });
  assert.deepEqual(sweep(TICK).changed, []);
});
