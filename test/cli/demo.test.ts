import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync } from 'node:fs';
import { createServer } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { freePort } from '../support/free-port.js';
import { tempDir } from '../support/temp-dir.js';
import { waitFor } from '../support/wait-for.js';

const MAIN = fileURLToPath(new URL('../../src/main.js', import.meta.url));

interface Demo {
  readonly process: ChildProcess;
  /** Where everything of it must be, and nothing after it. */
  readonly folder: string;
  readonly output: () => string;
  readonly problems: () => string;
  /** Of the daemon, once it listens. */
  url(): Promise<string>;
  /** Resolves with the exit code. */
  ended(): Promise<number | null>;
}

async function startDemo(test: TestContext, ...args: string[]): Promise<Demo> {
  const folder = await tempDir(test);
  const process_ = spawn(process.execPath, [MAIN, 'demo', ...args], {
    env: { PATH: '/nonexistent', TMPDIR: folder },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  test.after(() => process_.kill('SIGKILL'));
  let output = '';
  let problems = '';
  process_.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    output += chunk;
  });
  process_.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    problems += chunk;
  });
  const exit = once(process_, 'close').then(([code]) => code as number | null);
  return {
    process: process_,
    folder,
    output: () => output,
    problems: () => problems,
    url: () =>
      waitFor('the demo to say where it listens', () => /page +(http:\S+)\//.exec(output)?.[1], 30_000),
    ended: () => exit,
  };
}

describe('stagewatch demo', () => {
  it('serves a whole picture, and leaves nothing behind when it is interrupted', async (test) => {
    const demo = await startDemo(test, '--listen', '127.0.0.1:0');
    const url = await demo.url();
    await waitFor('a full picture', async () => (await fetch(`${url}/-/ready`)).status === 200, 30_000);
    const answer = (await (await fetch(`${url}/api/v1/fleet`)).json()) as {
      data: Record<'workers' | 'orchestrators' | 'queues' | 'gpus', unknown[]>;
    };
    const { workers, orchestrators, queues, gpus } = answer.data;
    assert.deepEqual(
      [workers.length, orchestrators.length, queues.length, gpus.length],
      [58, 14, 10, 2],
      'the pipeline of the profile',
    );
    const socket = /unix:\/\/(\S+)/.exec(demo.output())?.[1] ?? '';
    assert.ok(existsSync(socket));
    demo.process.kill('SIGINT');
    assert.equal(await demo.ended(), 0, demo.problems());
    assert.deepEqual(readdirSync(demo.folder), []);
  });

  it('removes everything also when its own process is killed outright', async (test) => {
    const demo = await startDemo(test, '--listen', '127.0.0.1:0');
    await demo.url();
    demo.process.kill('SIGKILL');
    await demo.ended();
    await waitFor('the folder to be empty', () => readdirSync(demo.folder).length === 0);
  });

  it('ends by itself after its duration', async (test) => {
    const demo = await startDemo(test, '--listen', '127.0.0.1:0', '--duration', '1');
    assert.equal(await demo.ended(), 0, demo.problems());
    assert.deepEqual(readdirSync(demo.folder), []);
  });

  it('says in one line that its port is taken', async (test) => {
    const port = await freePort();
    const other = createServer().listen(port, '127.0.0.1');
    test.after(() => other.close());
    const demo = await startDemo(test, '--listen', `127.0.0.1:${port}`);
    assert.equal(await demo.ended(), 1);
    assert.match(demo.problems(), /^stagewatch demo: cannot listen on 127\.0\.0\.1:\d+: .*--listen.*\n$/);
    assert.deepEqual(readdirSync(demo.folder), []);
  });
});
