import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { type Daemon, startDaemon } from '../support/daemon.js';
import { tempDir } from '../support/temp-dir.js';
import { waitFor } from '../support/wait-for.js';

const BURST = 150;

async function fail(root: string, document: string): Promise<void> {
  await mkdir(join(root, document, 'G'), { recursive: true });
  await writeFile(join(root, document, 'G', 'sentinel.json.failed'), 'CUDA out of memory');
}

async function counted(daemon: Daemon): Promise<number | undefined> {
  return (await daemon.metrics()).value('pipeline_failures_total', { stage: 'G', reason: 'gpu_oom' });
}

async function present(daemon: Daemon): Promise<number | undefined> {
  return (await daemon.metrics()).value('pipeline_failure_sentinels', { stage: 'G' });
}

test('failures seen just before a kill -9 are not new to the next daemon; one that came meanwhile is', async (t) => {
  const folder = await tempDir(t);
  const root = join(folder, 'artifacts');
  await fail(root, 'old');
  const config = `docker: { enabled: false }\nsentinels: { root: "${root}", interval: 100ms }\n`;
  const first = await startDaemon({ folder, config });
  t.after(() => first.process.kill('SIGKILL'));
  await waitFor('a first life that is remembered', async () =>
    (await readFile(join(folder, 'data', 'state.json'), 'utf8').catch(() => '')).includes('old/G'),
  );
  await Promise.all(Array.from({ length: BURST }, (_, index) => fail(root, `D${index}`)));
  await waitFor('the burst', async () => (await counted(first)) === BURST);
  first.process.kill('SIGKILL');
  await once(first.process, 'exit');
  await fail(root, 'between');
  const second = await startDaemon({ folder, config });
  t.after(() => second.stop());
  await waitFor('all to be found', async () => (await present(second)) === BURST + 2);
  await waitFor('what came meanwhile', async () => ((await counted(second)) ?? 0) > 0);
  assert.equal(await counted(second), 1);
});
