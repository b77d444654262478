import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { MAIN, startDemo } from '../support/demo.js';
import { freePort } from '../support/free-port.js';
import { tempDir } from '../support/temp-dir.js';
import { waitFor } from '../support/wait-for.js';

describe('stagewatch demo', () => {
  it('serves a whole picture, and leaves nothing behind when it is interrupted', async (test) => {
    const demo = await startDemo(test);
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
    const demo = await startDemo(test);
    await demo.url();
    demo.process.kill('SIGKILL');
    await demo.ended();
    await waitFor('the folder to be empty', () => readdirSync(demo.folder).length === 0);
  });

  it('removes everything also when its pipeline does not end in time', async (test) => {
    const demo = await startDemo(test);
    await demo.url();
    const { pid } = demo.process;
    const [child] = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').map(Number);
    process.kill(child ?? 0, 'SIGSTOP');
    demo.process.kill('SIGINT');
    assert.equal(await demo.ended(), 0, demo.problems());
    assert.deepEqual(readdirSync(demo.folder), []);
    assert.ok(!existsSync(`/proc/${child}`));
  });

  it('ends by itself after its duration', async (test) => {
    const demo = await startDemo(test, ['--listen', '127.0.0.1:0', '--duration', '1']);
    assert.equal(await demo.ended(), 0, demo.problems());
    assert.deepEqual(readdirSync(demo.folder), []);
  });

  it('serves without a daemon, and prints the configuration for one', async (test) => {
    const demo = await startDemo(test, ['--servers-only']);
    const file = await waitFor('the configuration', () => /--config (\S+)/.exec(demo.output())?.[1]);
    const folder = await tempDir(test);
    const printed = join(folder, 'printed.yaml');
    await waitFor('all of it', () => demo.output().includes('bearer_token'));
    await writeFile(printed, demo.output());
    for (const path of [file, printed]) {
      const checked = spawn(process.execPath, [MAIN, 'check-config', path]);
      assert.deepEqual(await once(checked, 'close'), [0, null]);
    }
    demo.process.kill('SIGTERM');
    assert.equal(await demo.ended(), 0, demo.problems());
    assert.deepEqual(readdirSync(demo.folder), []);
  });

  it('says in one line that its port is taken', async (test) => {
    const port = await freePort();
    const other = createServer().listen(port, '127.0.0.1');
    test.after(() => other.close());
    const demo = await startDemo(test, ['--listen', `127.0.0.1:${port}`]);
    assert.equal(await demo.ended(), 1);
    assert.match(demo.problems(), /^stagewatch demo: cannot listen on 127\.0\.0\.1:\d+: .*--listen.*\n$/);
    assert.deepEqual(readdirSync(demo.folder), []);
  });
});
