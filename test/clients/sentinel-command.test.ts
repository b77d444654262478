/** One table of cases for `stagewatch sentinel` and clients/sh/sentinel.sh, so that they do the same. */

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { describe, it } from 'node:test';
import { findProgram } from '../support/machine.js';
import { tempDir } from '../support/temp-dir.js';

const SCRIPT = resolve('clients/sh/sentinel.sh');

const PROGRAMS: readonly (readonly [name: string, command: readonly string[] | undefined])[] = [
  ['stagewatch sentinel', [process.execPath, resolve('build/src/main.js'), 'sentinel']],
  ['sentinel.sh in dash', shell('dash')],
  ['sentinel.sh in busybox', shell('busybox', 'sh')],
  ['sentinel.sh in bash', shell('bash', '--posix')],
];

function shell(name: string, ...args: string[]): readonly string[] | undefined {
  const path = findProgram(name);
  return path === undefined ? undefined : [path, ...args, SCRIPT];
}

interface Case {
  readonly name: string;
  /** Files before, by path below the folder. */
  readonly before?: Readonly<Record<string, string>>;
  readonly args: readonly string[];
  readonly stdin?: string;
  /** Written while it waits. */
  readonly later?: Readonly<Record<string, string>>;
  readonly code: number;
  readonly stdout?: string;
  readonly stderr?: RegExp;
  /** JSON after it, by path; null: not there. `finished_at` and `failed_at` are checked to be a time and taken off. */
  readonly after?: Readonly<Record<string, unknown>>;
}

const CASES: readonly Case[] = [
  { name: 'done makes folders', args: ['done', 'a/b/s.json'], code: 0, after: { 'a/b/s.json': {} } },
  {
    name: 'done with data',
    args: ['done', 's.json', '--data', '{"pages": 3, "list": [1, {"x": null}, "a\\"}b"], "n": -1.5e3}'],
    code: 0,
    after: { 's.json': { pages: 3, list: [1, { x: null }, 'a"}b'], n: -1500 } },
  },
  {
    name: 'done with data from standard input',
    args: ['done', 's.json', '--data', '-'],
    stdin: '{\n  "pages": 3\n}\n',
    code: 0,
    after: { 's.json': { pages: 3 } },
  },
  ...['', '[]', '"text"', '{', '{"a"}', '{"a":}', '{"a":1,}', '{a:1}', "{'a':1}", '{"a":01}', '{} {}'].map(
    (data): Case => ({
      name: `done refuses ${data || 'nothing'} as data`,
      args: ['done', 's.json', '--data', data],
      code: 2,
      stderr: /expected a JSON object/,
      after: { 's.json': null },
    }),
  ),
  {
    name: 'done twice is done, with the last data',
    before: { 's.json': '{"pages":1}' },
    args: ['done', 's.json', '--data={"pages":2}'],
    code: 0,
    after: { 's.json': { pages: 2 } },
  },
  {
    name: 'done removes an earlier failure',
    before: { 's.json.failed': 'out of memory' },
    args: ['done', 's.json'],
    code: 0,
    after: { 's.json': {}, 's.json.failed': null },
  },
  {
    name: 'done where no folder can be made',
    before: { a: 'a file' },
    args: ['done', 'a/s.json'],
    code: 1,
    stderr: /./,
  },
  {
    name: 'fail writes error, worker and reason',
    args: ['fail', 'd/s.json', '--error', 'page 3', '--worker', 'w 1', '--reason', 'model'],
    code: 0,
    after: { 'd/s.json.failed': { error: 'page 3', worker: 'w 1', reason: 'model' } },
  },
  {
    name: 'fail takes the worker from its surroundings',
    args: ['fail', 's.json', '--error=x'],
    code: 0,
    after: { 's.json.failed': { error: 'x', worker: 'box-1' } },
  },
  {
    name: 'fail keeps quotes, backslashes, tabs, lines and other scripts, and drops control characters',
    args: ['fail', 's.json', '--error', '-'],
    stdin: '  Traceback:\r\n\tFile "C:\\new\\table"\n\u001b[31mUnicodeError: Größe 表\u001b[0m\n\n',
    code: 0,
    after: {
      's.json.failed': {
        error: 'Traceback:\n\tFile "C:\\new\\table"\n[31mUnicodeError: Größe 表[0m',
        worker: 'box-1',
      },
    },
  },
  {
    name: 'fail keeps the end of a long error',
    args: ['fail', 's.json', '--error', '-'],
    stdin: `${'x'.repeat(100_000)}end`,
    code: 0,
    after: { 's.json.failed': { error: `${'x'.repeat(7997)}end`, worker: 'box-1' } },
  },
  {
    name: 'fail without words',
    args: ['fail', 's.json', '--error', ''],
    code: 0,
    after: { 's.json.failed': { error: 'no error given', worker: 'box-1' } },
  },
  {
    name: 'fail after done is refused',
    before: { 's.json': '{}' },
    args: ['fail', 's.json', '--error', 'late'],
    code: 1,
    stderr: /s\.json is there/,
    after: { 's.json': {}, 's.json.failed': null },
  },
  {
    name: 'fail with the same words is the same failure',
    before: {
      's.json.failed': '{"error":"a \\"b\\"","worker":"box-1","failed_at":"2026-01-01T00:00:00Z","k":1}\n',
    },
    args: ['fail', 's.json', '--error', 'a "b"'],
    code: 0,
    after: { 's.json.failed': { error: 'a "b"', worker: 'box-1', k: 1 } },
  },
  {
    name: 'fail with other words is another failure',
    before: { 's.json.failed': '{"error":"a","worker":"box-1","failed_at":"2026-01-01T00:00:00Z"}\n' },
    args: ['fail', 's.json', '--error', 'b'],
    code: 0,
    after: { 's.json.failed': { error: 'b', worker: 'box-1' } },
  },
  {
    name: 'wait prints what is there',
    before: { 'a b/s.json': '{}', 't.json': '{}' },
    args: ['wait', 'a b/s.json', 't.json'],
    code: 0,
    stdout: 'a b/s.json\nt.json\n',
  },
  {
    name: 'wait ends when the last comes, in a folder that was not there',
    before: { 's.json': '{}' },
    later: { 'new/deep/t.json': '{}' },
    args: ['wait', '--timeout', '30s', 's.json', 'new/deep/t.json'],
    code: 0,
    stdout: 's.json\nnew/deep/t.json\n',
  },
  {
    name: 'wait ends at once on a failure, with its words',
    later: { 't.json.failed': '{\n  "error": "line 1\\n\\"two\\" C:\\\\x",\n  "worker": "w1"\n}\n' },
    args: ['wait', '--timeout=30s', 's.json', 't.json'],
    code: 1,
    stderr: /^line 1\n"two" C:\\x\n$/,
  },
  {
    name: 'wait shows a failure in plain text',
    before: { 's.json.failed': 'killed\nby a person\n' },
    args: ['wait', 's.json'],
    code: 1,
    stderr: /^killed\nby a person\n$/,
  },
  {
    name: 'wait ends at an empty success: the file is the success',
    before: { 's.json': '' },
    args: ['wait', '--timeout', '30s', 's.json'],
    code: 0,
    stdout: 's.json\n',
  },
  {
    name: 'wait on an empty failure',
    before: { 's.json.failed': '' },
    args: ['wait', 's.json'],
    code: 1,
    stderr: /is empty/,
  },
  {
    name: 'wait on a failure that says nothing',
    before: { 's.json.failed': '{"worker":"w"}' },
    args: ['wait', 's.json'],
    code: 1,
    stderr: /without saying why/,
  },
  {
    name: 'wait takes a success beside an older failure',
    before: { 's.json': '{}', 's.json.failed': 'old' },
    args: ['wait', 's.json'],
    code: 0,
    stdout: 's.json\n',
  },
  {
    name: 'wait --any takes the first, whatever failed',
    before: { 's.json.failed': 'no', 't.json': '{}' },
    args: ['wait', '--any', 's.json', 't.json'],
    code: 0,
    stdout: 't.json\n',
  },
  {
    name: 'wait --any fails when all have failed',
    before: { 's.json.failed': 'first', 't.json.failed': 'second' },
    args: ['wait', '--any', 's.json', 't.json'],
    code: 1,
    stderr: /^first\n$/,
  },
  {
    name: 'wait says in time what is missing',
    before: { 's.json': '{}' },
    args: ['wait', '--timeout', '1s', 's.json', 't.json'],
    code: 4,
    stdout: '',
    stderr: /no sentinel within 1 s: t\.json/,
  },
  {
    name: 'wait counts the same path once',
    before: { 's.json': '{}' },
    args: ['wait', '--all', '--timeout', '0s', 's.json'],
    code: 0,
    stdout: 's.json\n',
  },
  ...[
    [[], /no action/],
    [['look', 's.json'], /no action 'look'/],
    [['wait'], /no path to wait for/],
    [['wait', '--timeout', 'soon', 's.json'], /expected a duration/],
    [['wait', '--timeout', '5', 's.json'], /expected a duration/],
    [['wait', '--any', '--all', 's.json'], /not both/],
    [['wait', '--error', 's.json'], /./],
    [['done'], /takes one path/],
    [['done', 'a', 'b'], /takes one path/],
    [['fail', 's.json'], /needs --error/],
    [['fail', '--error', 'x'], /takes one path/],
    [['fail', 's.json', '--error'], /./],
  ].map(
    ([args, stderr]): Case => ({
      name: `wrong use: ${(args as string[]).join(' ') || 'nothing'}`,
      args: args as string[],
      code: 2,
      stderr: stderr as RegExp,
    }),
  ),
];

function runCase(command: readonly string[], one: Case, folder: string): Promise<void> {
  const [program = '', ...first] = command;
  writeFiles(folder, one.before ?? {});
  return new Promise((done, fail) => {
    const options = { cwd: folder, env: { PATH: process.env['PATH'], HOSTNAME: 'box-1' }, timeout: 60_000 };
    const child = execFile(program, [...first, ...one.args], options, (error, stdout, stderr) => {
      try {
        assert.equal(error?.code ?? 0, one.code, stderr);
        if (one.stdout !== undefined) assert.equal(stdout, one.stdout);
        if (one.stderr) assert.match(stderr, one.stderr);
        else assert.equal(stderr, '');
        for (const [path, expected] of Object.entries(one.after ?? {}))
          checkFile(join(folder, path), expected);
        assert.ok(!readdirSync(folder, { recursive: true }).some((path) => String(path).endsWith('.tmp')));
        done();
      } catch (problem) {
        fail(problem);
      }
    });
    // Those that refuse their arguments end without reading it.
    child.stdin?.on('error', () => undefined).end(one.stdin ?? '');
    if (one.later) setTimeout(() => writeFiles(folder, one.later ?? {}), 500);
  });
}

function writeFiles(folder: string, files: Readonly<Record<string, string>>): void {
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), content);
  }
}

function checkFile(path: string, expected: unknown): void {
  if (expected === null) {
    assert.throws(() => readFileSync(path), { code: 'ENOENT' });
    return;
  }
  const { finished_at, failed_at, ...rest } = JSON.parse(readFileSync(path, 'utf8')) as Record<
    string,
    unknown
  >;
  for (const time of [finished_at, failed_at]) {
    if (time !== undefined) assert.match(String(time), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
  }
  assert.deepEqual(rest, expected);
}

for (const [name, command] of PROGRAMS) {
  describe(name, { concurrency: 4, skip: command === undefined && 'not installed' }, () => {
    for (const one of CASES) {
      it(one.name, async (test) => {
        await runCase(command ?? [], one, await tempDir(test));
      });
    }
  });
}
