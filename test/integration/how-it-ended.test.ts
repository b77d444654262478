/** On a real engine: what an operator stopped is down on request, and a crash loop is one finding. */

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { type Daemon, startDaemon } from '../support/daemon.js';
import { skipWithout } from '../support/machine.js';
import { IMAGE, type RealDocker, startRealDocker } from '../support/real-docker.js';
import { tempDir } from '../support/temp-dir.js';
import { waitFor } from '../support/wait-for.js';

interface ApiFinding {
  readonly kind: string;
  readonly container: string | null;
}
interface ApiWorker {
  readonly container: string;
  readonly reason: string;
}

const CRASH = ['sh', '-c', 'sleep 0.2; exit 3'];
const LIMIT_MS = 90_000;

describe('how a worker ended, on a real engine', { skip: skipWithout('docker') }, () => {
  let engine: RealDocker;
  let daemon: Daemon;
  const cleanups: (() => unknown)[] = [];

  before(async () => {
    const folder = await tempDir({
      after: (task?: unknown) => void cleanups.push(task as () => unknown),
    } as never);
    engine = await startRealDocker();
    daemon = await startDaemon({
      folder,
      config: `docker: { host: "${engine.host}", relist_interval: 5s }\ndetection: { interval: 1s, down_after: 5s, crash_loop_ends: 20 }\n`,
    });
    await daemon.whenReady();
  });

  after(async () => {
    await daemon?.stop();
    for (const task of cleanups.reverse()) await task();
    await engine?.dispose();
  });

  const run = (name: string, ...args: string[]): Promise<string> =>
    engine.docker('run', '-d', '--network', 'none', '--name', name, ...args, IMAGE, ...CRASH);

  async function ask<T>(path: string): Promise<T> {
    const response = await fetch(`${daemon.url}/api/v1/${path}`);
    return ((await response.json()) as { readonly data: T }).data;
  }
  const reasonOf = async (name: string): Promise<string | undefined> =>
    (await ask<{ readonly workers: readonly ApiWorker[] }>('fleet')).workers.find(
      ({ container }) => container === name,
    )?.reason;

  /** In the pause before its policy starts it again, which is 3 s from the fifth on: long enough on a busy machine. */
  async function inBackoff(name: string): Promise<void> {
    await waitFor(
      `${name} to wait for its restart`,
      async () => {
        const { State, RestartCount } = await engine.inspect(name);
        return (State as { Status: string }).Status === 'restarting' && Number(RestartCount) >= 5;
      },
      LIMIT_MS,
    );
  }

  it('reports no worker that was stopped or killed in its restart back-off, and one that crashed', async () => {
    const held = { stop: 'held-worker-gpu0-0', kill: 'held-worker-gpu0-1' };
    for (const [command, name] of Object.entries(held)) {
      await run(name, '--restart', 'always');
      await inBackoff(name);
      await engine.docker(command, name);
    }
    await run('crashed-worker-gpu0-2');
    const down = (): Promise<readonly ApiFinding[]> =>
      waitFor(
        'the crashed worker to be found down',
        async () => {
          const found = (await ask<readonly ApiFinding[]>('findings')).filter(
            ({ kind }) => kind === 'WorkerDown',
          );
          return found.some(({ container }) => container === 'crashed-worker-gpu0-2') ? found : undefined;
        },
        LIMIT_MS,
      );
    assert.deepEqual(
      (await down()).map(({ container }) => container),
      ['crashed-worker-gpu0-2'],
    );
    for (const name of Object.values(held)) {
      await waitFor(
        `${name} to be down on request`,
        async () => (await reasonOf(name)) === 'container is exited: exit code 3, kept down on request',
        LIMIT_MS,
        async () => ({ reason: await reasonOf(name), inspected: (await engine.inspect(name))['State'] }),
      );
    }
  });

  it('finds no worker down whose policy is about to start it again, however long the pause', async () => {
    const name = 'loop-worker-gpu1-0';
    await run(name, '--restart', 'always');
    // The seventh pause takes more than twice `down_after`.
    await waitFor(
      'the pauses to be long',
      async () => Number((await engine.inspect(name))['RestartCount']) >= 8,
      LIMIT_MS,
    );
    const opened = JSON.stringify(await ask('journal?type=finding_opened'));
    assert.equal(opened.includes(name), false, opened);
  });
});
