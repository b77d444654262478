import assert from 'node:assert/strict';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import {
  describeProcesses,
  haltOf,
  mainWait,
  type ProcessDetails,
} from '../../../../src/sources/docker/processes/describe-processes.js';
import { parseAddress, readProcDetails } from '../../../../src/sources/docker/processes/proc-details.js';
import { createProcessReader } from '../../../../src/sources/docker/processes/process-reader.js';
import { parseProcessTable } from '../../../../src/sources/docker/processes/process-table.js';
import { createFakeClock } from '../../../support/fake-clock.js';
import { createSourceHarness } from '../../../support/source-harness.js';
import { tempDir } from '../../../support/temp-dir.js';

const ID = 'f3ba5abc9d0e';
const TITLES = ['PID', 'PPID', 'LWP', 'STAT', 'WCHAN', 'RSS', 'COMMAND'];

/** `pid ppid tid stat wchan rss command`. */
function table(...rows: readonly string[]) {
  const split = (row: string): string[] => {
    const words = row.split(' ');
    return [...words.slice(0, 6), words.slice(6).join(' ')];
  };
  return parseProcessTable({ Titles: TITLES, Processes: rows.map(split) });
}

const words = (rows: readonly string[], details?: ProcessDetails): readonly string[] =>
  describeProcesses(table(...rows), () => details);

const NOT_VISIBLE =
  'what it waits for is not visible: the daemon must see the processes of the host (pid: host)';

it('the main process is halted when all its threads are stopped, or none can be interrupted', () => {
  assert.equal(haltOf(table('7 1 7 Tsl do_signal_stop 900 p', '7 1 8 Tsl do_signal_stop 900 p')), 'stopped');
  assert.equal(haltOf(table('7 1 7 D fuse_simple_request 900 p')), 'disk');
  assert.equal(haltOf(table('7 1 7 Tsl x 900 p', '7 1 8 Ssl futex_do_wait 900 p')), undefined);
  assert.equal(haltOf(table('6 1 6 Ss do_wait 90000 sh -c run', '7 6 7 T do_signal_stop 900 p')), 'stopped');
  assert.equal(haltOf([]), undefined);
});

describe('what processes wait for', () => {
  const cases: Readonly<Record<string, readonly [readonly string[], ...string[]]>> = {
    'a stop': [
      ['7 1 7 Tsl do_signal_stop 900 python ocr.py'],
      'process 7 (python ocr.py) is stopped by a signal (state T; SIGCONT continues it)',
    ],
    'a lock in every thread': [
      ['7 1 7 Ssl futex_do_wait 900 python', '7 1 8 Ssl futex_wait_queue 900 python'],
      'process 7 (python) has 2 threads, all of which wait for a lock: a deadlock is likely',
    ],
    'a socket in one thread, and locks in the others': [
      ['7 1 7 Ssl futex_do_wait 9 p', '7 1 8 Ssl futex_do_wait 9 p', '7 1 9 Ssl wait_woken 9 p'],
      'process 7 (p) has 3 threads: 1 waits for data from a socket, 2 wait for a lock',
      NOT_VISIBLE,
    ],
    'a disk': [
      ['7 1 7 D fuse_simple_request 900 python'],
      'process 7 (python) waits for a disk or network file system and cannot be interrupted (state D)',
      NOT_VISIBLE,
    ],
    'a child, whose own wait is the answer': [
      ['6 1 6 Ss do_wait 90000 sh -c run', '7 6 7 S hrtimer_nanosleep 900 sleep 1000'],
      'process 7 (sleep 1000) waits for the end of a sleep; 1 other process beside it',
    ],
    'nothing, and children that ended': [
      ['7 1 7 Rs - 900 python', '8 7 8 Z - 0 [python] <defunct>', '9 7 9 Z - 0 [python] <defunct>'],
      'process 7 (python) runs',
      '2 child processes ended, and no parent has collected the result (zombie)',
    ],
    'what this kernel calls by another name': [
      ['7 1 7 S some_new_name 900 python'],
      'process 7 (python) waits for something unknown',
    ],
  };
  for (const [what, [rows, ...expected]] of Object.entries(cases)) {
    it(`is ${what}`, () => assert.deepEqual(words(rows), expected));
  }

  it('is named where the host is visible', () => {
    const rows = ['7 1 7 Ssl wait_woken 900 python'];
    const details = {
      threads: new Map([[7, { peer: 'grobid:8070' }]]),
      peers: ['grobid:8070', 'rabbitmq:5672'],
      networkMounts: [],
      zombies: 0,
    };
    assert.deepEqual(words(rows, details), [
      'process 7 (python) waits for data from grobid:8070',
      'its TCP connections: grobid:8070, rabbitmq:5672',
    ]);
    assert.deepEqual(
      words(rows, { ...details, threads: new Map(), peers: [] })[1],
      'it has no TCP connection',
    );
    const stuck = {
      ...details,
      threads: new Map([[7, { mount: '/data (nfs4)' }]]),
      peers: [],
      networkMounts: ['/data (nfs4)'],
    };
    assert.match(
      words(['7 1 7 D rpc_wait_bit_killable 9 p'], stuck)[0] ?? '',
      /waits for \/data \(nfs4\) and cannot/,
    );
    const [, mounts] = words(['7 1 7 D x 9 p'], { ...stuck, threads: new Map() });
    assert.equal(mounts, 'its network file systems: /data (nfs4)');
  });

  it('bears no escape codes, credentials or long commands', () => {
    const [line = ''] = words([`7 1 7 S pipe_read 9 w --url amqp://me:pw@host \u001b[2J ${'x'.repeat(500)}`]);
    assert.match(line, /amqp:\/\/\*\*\*@host \\u001b\[2J x+…\) waits for a pipe$/);
    assert.ok(line.length < 140);
  });

  it('is not known from another table, an empty one or a broken one', () => {
    assert.deepEqual(parseProcessTable({ Titles: ['UID', 'PID', 'CMD'], Processes: [['0', '1', 'x']] }), []);
    assert.deepEqual(words([]), []);
    assert.deepEqual(parseProcessTable({ Titles: TITLES, Processes: null }), []);
    assert.deepEqual(parseProcessTable({ Titles: TITLES, Processes: [['x']] }), []);
    assert.throws(() => parseProcessTable('?'), /top: expected an object/);
  });
});

describe('a suspect', () => {
  it('is asked once in half a minute, though it was none in between, and four at a time', async () => {
    const clock = createFakeClock();
    const { context } = createSourceHarness(clock);
    const paths: string[] = [];
    const getJsonApart = ({ path }: { readonly path: string }) => {
      paths.push(path);
      return Promise.resolve(undefined);
    };
    const reader = createProcessReader(context, true);
    const ask = (...ids: readonly string[]) =>
      reader.ask({ getJsonApart }, { ids, nameOf: () => undefined }, new AbortController().signal);
    await ask('a', 'b', 'c', 'd', 'e');
    await ask();
    await ask('a', 'b', 'c', 'd', 'e');
    assert.deepEqual(
      paths,
      ['a', 'b', 'c', 'd', 'e'].map((id) => `/containers/${id}/top`),
    );
    await clock.advance(30_000);
    await ask('a');
    assert.equal(paths.length, 6);
  });
});

describe('what a container does, in a word', () => {
  const cases: readonly (readonly [rows: readonly string[], wait: string | undefined])[] = [
    [['7 1 7 Ssl futex_do_wait 900 python', '7 1 8 Rsl - 900 python'], 'runs'],
    [
      ['7 1 7 Ssl futex_do_wait 900 python', '7 1 8 Ssl poll_schedule_timeout 900 python'],
      'waits for a lock',
    ],
    [
      ['6 1 6 Ss do_wait 90000 sh -c run', '7 6 7 S hrtimer_nanosleep 900 sleep 1000'],
      'waits for the end of a sleep',
    ],
    [[], undefined],
  ];
  for (const [rows, wait] of cases) {
    it(`is ${wait ?? 'nothing without a process'}`, () => assert.equal(mainWait(table(...rows)), wait));
  }
});

describe('the processes of the host', () => {
  async function proc(test: TestContext, { syscall = '45 0x3 0x7f 0x1000' } = {}): Promise<string> {
    const root = await tempDir(test);
    const folder = join(root, '77');
    for (const name of ['net', 'fd', 'task/77']) await mkdir(join(folder, name), { recursive: true });
    await writeFile(join(folder, 'cgroup'), `0::/docker/${ID}\n`);
    const tcp =
      '   0: 02001DAC:C350 03001DAC:1F86 01 00000000:00000000 02:000004E2 00000000     0        0 41 2 0';
    await writeFile(join(folder, 'net/tcp'), `  sl  local_address rem_address\n${tcp}\n`);
    await writeFile(
      join(folder, 'mountinfo'),
      [
        '22 1 0:21 / / rw - overlay overlay rw',
        '23 22 0:40 / /data\\040sets rw - nfs4 nas:/x rw',
        '24 22 0:41 / /data rw - ext4 /dev/sda rw',
      ].join('\n'),
    );
    await symlink('socket:[41]', join(folder, 'fd/3'));
    await symlink('/data sets/a.pdf', join(folder, 'fd/4'));
    await symlink('/database/x', join(folder, 'fd/5'));
    await writeFile(join(folder, 'task/77/syscall'), syscall);
    await writeFile(join(folder, 'task/77/children'), '78 79 80 ');
    for (const [child, state] of [
      ['78', 'Z'],
      ['79', 'S'],
    ] as const) {
      await mkdir(join(root, child));
      await writeFile(join(root, child, 'stat'), `${child} (a) Z b) ${state} 77 1`);
    }
    return root;
  }

  const nameOf = (address: string) => (address === '172.29.0.3' ? 'grobid' : undefined);
  const read = (procRoot: string, row = '77 1 77 S wait_woken 9 p', id = ID) => {
    const [process] = table(row);
    assert.ok(process);
    return readProcDetails(id, process, { procRoot, nameOf });
  };

  it('tell which container a thread waits for', async (t) => {
    const details = read(await proc(t));
    assert.deepEqual(details?.threads.get(77), { peer: 'grobid:8070' });
    assert.deepEqual(details?.peers, ['grobid:8070']);
    assert.equal(details?.zombies, 1);
    assert.deepEqual(details?.networkMounts, ['/data sets (nfs4)']);
  });

  it('tell which mount a thread waits for, the innermost', async (t) => {
    const row = '77 1 77 D x 9 p';
    const atFile = async (fd: string) =>
      read(await proc(t, { syscall: `0 ${fd} 0x7f` }), row)?.threads.get(77);
    assert.deepEqual(await atFile('0x4'), { mount: '/data sets (nfs4)' });
    assert.deepEqual(await atFile('0x5'), { mount: '/ (overlay)' });
    assert.equal(await atFile('0xffffff9c'), undefined);
    assert.equal(read(await proc(t, { syscall: 'running' }), row)?.threads.get(77), undefined);
  });

  it('tell nothing where the number is another process’s, or it is gone', async (t) => {
    const root = await proc(t);
    assert.equal(read(root, undefined, 'another'), undefined);
    assert.equal(read(root, '78 1 78 S wait_woken 9 p'), undefined);
  });

  it('write addresses as the engine does', () => {
    assert.equal(parseAddress('03001DAC'), '172.29.0.3');
    assert.equal(parseAddress('0000000000000000FFFF000003001DAC'), '172.29.0.3');
    assert.equal(parseAddress('000000FD000000000000000003000000'), 'fd00::3');
  });
});
