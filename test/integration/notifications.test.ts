/** On a real daemon: the mail of a stuck worker arrives, once although the daemon is killed, and so does that of its end. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { it, type TestContext } from 'node:test';
import { type Daemon, startDaemon } from '../support/daemon.js';
import { startFakeEngine } from '../support/fake-engine.js';
import { startSmtpSink } from '../support/smtp-sink.js';
import { tempDir } from '../support/temp-dir.js';
import { waitFor } from '../support/wait-for.js';

const WORKER = 'paddle-worker-gpu1-0';
const LIMIT_MS = 90_000;

async function decisionOf(daemon: Daemon): Promise<string | undefined> {
  const { data } = (await (await fetch(`${daemon.url}/api/v1/notifications`)).json()) as {
    data: { groups: { kind: string; reason: string }[] };
  };
  return data.groups.find(({ kind }) => kind === 'WorkerStuck')?.reason;
}

it('the mail of a stuck worker comes once, over a kill of the daemon, and the word of its end too', async (test: TestContext) => {
  const daemons: Daemon[] = [];
  // Before the folder is removed: what is to be done after a test is done in the order in which it was said.
  test.after(() => Promise.all(daemons.map((daemon) => daemon.stop())));
  const folder = await tempDir(test);
  const engine = await startFakeEngine({ folder });
  test.after(() => engine.close());
  const sink = await startSmtpSink(test);
  const startedAt = new Date(Date.now() - 3_600_000).toISOString();
  engine.containers.set('w1', { id: 'w1', name: WORKER, state: 'running', startedAt, cpuNs: 5_000_000_000 });
  const progress = join(folder, 'progress');
  await mkdir(progress);
  const report = async (done: number): Promise<void> => {
    const job = { role: 'worker', name: WORKER, document: 'PMC1', done, total: 40, unit: 'page' };
    await writeFile(join(progress, '.new'), JSON.stringify(job));
    await rename(join(progress, '.new'), join(progress, `${WORKER}.json`));
  };
  await report(12);
  const config = `
docker: { host: "unix://${engine.socketPath}", cgroup_root: null, cpu_interval: 1s }
progress: { directory: "${progress}", interval: 200ms }
detection: { interval: 1s }
stages: [{ id: G3_02, name: Witnesses, workers: "paddle-worker-*", stall_after: 10s }]
alerts:
  email: { smtp_url: "smtp://127.0.0.1:${sink.port}", to: [ops@example.com] }
  group_wait: 1s
  external_url: https://stagewatch.example.com
`;
  const first = await startDaemon({ folder, config });
  daemons.push(first);
  await waitFor('the mail', () => sink.mails.length === 1, LIMIT_MS);
  assert.match(
    sink.mails[0]?.mail.subject ?? '',
    /^\[critical\] WorkerStuck: paddle-worker-gpu1-0 \(G3_02 Witnesses\), \d+s without progress$/,
  );
  assert.match(
    sink.mails[0]?.mail.text ?? '',
    /WHY WE SAY SO\n(?: {2}- .*\n)*? {2}- .*container used 0\.0 CPU-s/,
  );
  await waitFor('its receipt', async () =>
    (await first.metricsText()).includes('stagewatch_notifications_total{channel="email",result="sent"} 1'),
  );

  first.process.kill('SIGKILL');
  await once(first.process, 'exit');
  const second = await startDaemon({ folder, config });
  daemons.push(second);
  await waitFor(
    'the second life to know what was told',
    async () => (await decisionOf(second)) === 'told',
    LIMIT_MS,
  );
  // Confirmed again by its own look: from here on it could tell it anew, if it did not know.
  await waitFor(
    'the finding to be confirmed',
    async () => {
      const { data } = (await (await fetch(`${second.url}/api/v1/findings`)).json()) as {
        data: { kind: string; unconfirmed: boolean }[];
      };
      return data.some(({ kind, unconfirmed }) => kind === 'WorkerStuck' && !unconfirmed);
    },
    LIMIT_MS,
  );
  assert.equal(await decisionOf(second), 'told');
  assert.equal(sink.mails.length, 1);

  await report(13);
  await waitFor('the word of its end', () => sink.mails.length === 2, LIMIT_MS);
  const [told, resolved] = sink.mails.map(({ mail }) => mail);
  assert.match(
    resolved?.subject ?? '',
    /^\[resolved\] WorkerStuck: paddle-worker-gpu1-0 \(G3_02 Witnesses\), lasted /,
  );
  assert.equal(resolved?.inReplyTo, told?.messageId);
  assert.equal(await second.stop(), 0);
});
