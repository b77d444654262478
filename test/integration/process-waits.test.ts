/** On a real engine: what the processes of hung containers wait for, in words, and the stacks of those that allow it. */

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { createDockerSource } from '../../src/sources/docker/docker-source.js';
import { skipWithout } from '../support/machine.js';
import { IMAGE, type RealDocker, startRealDocker } from '../support/real-docker.js';
import { createSourceHarness } from '../support/source-harness.js';
import { waitFor } from '../support/wait-for.js';

const SILENT_SERVER = `
import socket, time
listener = socket.create_server(('', 8070))
kept = [listener.accept() for _ in range(2)]
time.sleep(10000)`;
const FORK = 'import os, time\nif os.fork() == 0: os._exit(0)\ntime.sleep(10000)';
const LOCKS = `
import threading
one = threading.Lock(); one.acquire()
for _ in range(3): threading.Thread(target=one.acquire).start()
one.acquire()`;
const connectTo = (then: string): string => `
import socket, time
while True:
    try: peer = socket.create_connection(('grobid', 8070)); break
    except OSError: time.sleep(0.1)
${then}`;

/** Program of each worker to what is said of it. */
const WORKERS: Readonly<Record<string, readonly [program: string, ...lines: RegExp[]]>> = {
  'stopped-worker-gpu0-0': ['import time; time.sleep(10000)', /is stopped by a signal \(state T; SIGCONT/],
  'locked-worker-gpu0-0': [LOCKS, /has 4 threads, all of which wait for a lock: a deadlock is likely$/],
  'reading-worker-gpu0-0': [
    connectTo('peer.recv(1)'),
    /waits for data from grobid:8070$/,
    /^its TCP connections: grobid:8070$/,
  ],
  'polling-worker-gpu0-0': [
    connectTo('peer.settimeout(9000); peer.recv(1)'),
    /waits for an event \(poll, select or epoll\)$/,
    /^its TCP connections: grobid:8070$/,
  ],
  'forking-worker-gpu0-0': [
    FORK,
    /waits for the end of a sleep$/,
    /^1 child process ended, and no parent has collected the result \(zombie\)$/,
  ],
  'parent-worker-gpu0-0': [
    "import subprocess; subprocess.run(['sleep', '10000'])",
    /process \d+ \(sleep 10000\) waits for the end of a sleep; 1 other process beside it$/,
  ],
  'piped-worker-gpu0-0': ['import os; ends = os.pipe(); os.read(ends[0], 1)', /waits for a pipe$/],
};

/** One that is at work, and only read beside the others. */
const PEER = 'busy-worker-gpu0-0';
const DUMPING = 'dumping-worker-gpu0-0';
/** Neither has a handler, so that the signal would end it; a process 1 would ignore it. */
const SILENT = { unlabelled: 'unlabelled-worker-gpu0-0', mislabelled: 'mislabelled-worker-gpu0-0' };
const DUMP_LABEL = 'stagewatch.dump_signal';
const DUMPING_PROGRAM = `
import faulthandler, signal, time
faulthandler.register(signal.SIGUSR1, all_threads=True)
def hang():
    time.sleep(10000)
hang()`;

describe('what hung containers of a real engine wait for', { skip: skipWithout('docker', 'python') }, () => {
  let engine: RealDocker;

  before(async () => {
    engine = await startRealDocker();
    await engine.docker('network', 'create', '-d', 'bridge', 'hung');
    await Promise.all([
      start('grobid', SILENT_SERVER),
      ...Object.entries(WORKERS).map(([name, [program]]) => start(name, program)),
      start(PEER, 'while True: pass'),
      start(DUMPING, DUMPING_PROGRAM, '--label', `${DUMP_LABEL}=SIGUSR1`),
      start(SILENT.unlabelled, 'import time; time.sleep(10000)', '--init'),
      start(SILENT.mislabelled, 'import time; time.sleep(10000)', '--label', `${DUMP_LABEL}=SIGTERM`),
    ]);
    await engine.docker('kill', '--signal', 'STOP', 'stopped-worker-gpu0-0');
  });

  after(() => engine?.dispose());

  const start = (name: string, program: string, ...options: readonly string[]): Promise<string> =>
    engine.docker(
      ...['run', '-d', '--network', 'hung', '--name', name, ...options],
      ...['/usr', '/lib', '/lib64'].flatMap((path) => ['-v', `${path}:${path}:ro`]),
      ...[IMAGE, '/usr/bin/python3', '-c', program],
    );

  it('is read within seconds, for each of them', async () => {
    const { context, fleet, logLines } = createSourceHarness();
    const address = {
      ...{ target: engine.host, socketPath: engine.socketPath },
      ...({ protocol: 'http', tls: {} } as const),
    };
    const idsOf = (isWanted: (name: string) => boolean): readonly string[] =>
      [...fleet.containers.values()].flatMap(({ id, name }) => (isWanted(name) ? id : []));
    const source = createDockerSource(
      {
        address,
        restarter: address,
        config: {
          request_timeout: 10_000,
          relist_interval: 60_000,
          inspect_concurrency: 4,
          cpu_interval: 1000,
          cgroup_root: null,
        },
      },
      {
        ...context,
        suspects: () => idsOf((name) => name !== PEER).map((id) => ({ id, isQuiet: true })),
        peers: () => idsOf((name) => name === PEER),
      },
    );
    source.start();
    try {
      const names = [...Object.keys(WORKERS), PEER];
      const isRead = () => names.every((name) => fleet.processes.has(name));
      await waitFor('all to be read', isRead, 30_000, () => logLines.slice(-5));
      await waitFor(
        'the stacks to be read',
        () => fleet.stacks.has(DUMPING),
        30_000,
        () => logLines.slice(-5),
      );
      assert.equal(fleet.stacks.get(DUMPING)?.summary, 'stacks of 1 thread: <string>:5 in hang');
      assert.deepEqual([...fleet.stacks.keys()], [DUMPING]);
      for (const name of [DUMPING, ...Object.values(SILENT)]) {
        assert.equal(fleet.containers.get(name)?.state, 'running', name);
      }
      assert.equal(fleet.processes.get(PEER)?.wait, 'runs');
      assert.equal(fleet.processes.get('locked-worker-gpu0-0')?.wait, 'waits for a lock');
      for (const [name, [, ...expected]] of Object.entries(WORKERS)) {
        const { lines } = fleet.processes.get(name) ?? { lines: [] };
        assert.equal(lines.length, expected.length, `${name}: ${lines.join('\n')}`);
        for (const [index, pattern] of expected.entries()) assert.match(lines[index] ?? '', pattern, name);
      }
    } finally {
      await source.stop();
    }
  });
});
