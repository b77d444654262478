/** From a worker that hangs on a real engine to the mail of it: daemon, Prometheus, Alertmanager, mail server. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { type Daemon, startDaemon } from '../support/daemon.js';
import { skipWithout } from '../support/machine.js';
import { type PipelineWriter, startPipelineWriter } from '../support/pipeline-writer.js';
import type { RealAlertmanager } from '../support/real-alertmanager.js';
import { IMAGE, type RealDocker, startRealDocker } from '../support/real-docker.js';
import type { RealPrometheus } from '../support/real-prometheus.js';
import { startShippedAlertmanager, startShippedPrometheus } from '../support/shipped-stack.js';
import { type ReceivedMail, type SmtpSink, startSmtpSink } from '../support/smtp-sink.js';
import { tempDir } from '../support/temp-dir.js';
import { waitFor } from '../support/wait-for.js';

const CURED = 'paddle-worker-gpu0-0';
const STAYS_STUCK = 'spine-worker-gpu0-0';
const LIMIT_MS = 90_000;

describe('the way of an alert', {
  skip: skipWithout('docker', 'prometheus', 'alertmanager', 'python'),
}, () => {
  let engine: RealDocker;
  let writer: PipelineWriter;
  let daemon: Daemon;
  let mails: SmtpSink;
  let alertmanager: RealAlertmanager;
  let prometheus: RealPrometheus;
  const cleanups: (() => unknown)[] = [];
  const scope = { after: (task?: unknown) => void cleanups.push(task as () => unknown) } as never;

  before(async () => {
    const folder = await tempDir(scope);
    engine = await startRealDocker();
    writer = startPipelineWriter();
    const progress = join(folder, 'progress');
    await mkdir(progress);
    for (const name of [CURED, STAYS_STUCK]) {
      await engine.docker('run', '-d', '--network', 'none', '--name', name, IMAGE, 'sleep', '10000');
      const job = { role: 'worker', name, document: 'PMC1', done: 12, total: 40, unit: 'page' };
      await writer.write(join(progress, `${name}.json`), job);
    }
    daemon = await startDaemon({
      folder,
      config: `
docker: { host: "${engine.host}", cpu_interval: 2s }
progress: { directory: "${progress}", interval: 200ms }
detection: { interval: 1s }
stages:
  - { id: G2_00, workers: "spine-worker-*", stall_after: 25s }
  - { id: G3_02, workers: "paddle-worker-*", stall_after: 25s }
`,
    });
    mails = await startSmtpSink(scope);
    alertmanager = await startShippedAlertmanager(join(folder, 'alertmanager'), mails.port);
    prometheus = await startShippedPrometheus({
      folder,
      daemon: new URL(daemon.url).host,
      alertmanager: new URL(alertmanager.url).host,
    });
  });

  after(async () => {
    await prometheus?.stop();
    await alertmanager?.stop();
    await daemon?.stop();
    writer?.stop();
    for (const task of cleanups.reverse()) await task();
    await engine?.dispose();
  });

  const whenMailed = (subject: string): Promise<ReceivedMail> =>
    waitFor(
      `a mail "${subject}"`,
      () => {
        const found = mails.mails.find(({ mail }) => mail.subject === subject);
        if (!found) throw new Error(`there are ${mails.mails.map(({ mail }) => mail.subject).join(', ')}`);
        return found;
      },
      LIMIT_MS,
    );

  it('mails who is stuck, with what to type, and a runbook that can be read', async () => {
    const { mail, recipients } = await whenMailed(`[critical] WorkerStuck: ${CURED} (G3_02)`);
    assert.deepEqual(recipients, ['oncall@example.com']);
    const lines = (mail.text ?? '').split('\n');
    assert.equal(lines[0], `critical: ${CURED} (G3_02). A worker has a job that will not end.`);
    assert.ok(lines.includes(`    docker restart ${CURED}`), mail.text);
    assert.ok(typeof mail.html === 'string' && mail.html.includes(`docker restart ${CURED}</pre>`));
    const [, runbook = ''] = /^Runbook: +(\S+)$/m.exec(mail.text ?? '') ?? [];
    const { pathname } = new URL(runbook);
    const answer = await fetch(`${prometheus.url}${pathname}`);
    assert.equal(answer.status, 200);
    assert.match(await answer.text(), /^# PipelineWorkerStuck\n/);
    await whenMailed(`[critical] WorkerStuck: ${STAYS_STUCK} (G2_00)`);
  });

  it('mails the end when the worker was started again', async () => {
    await engine.docker('restart', '-t', '0', CURED);
    const { mail } = await whenMailed(`[resolved] WorkerStuck: ${CURED} (G3_02)`);
    assert.match(
      mail.text ?? '',
      /^resolved: paddle-worker-gpu0-0 \(G3_02\)\. It was: A worker .*\nFrom .* to .* UTC\.\n/,
    );
  });

  it('tells that the daemon is away, and not that what it had found has ended', async () => {
    daemon.process.kill('SIGKILL');
    await once(daemon.process, 'exit');
    await whenMailed(`[critical] DaemonDown: ${new URL(daemon.url).host}`);
    await waitFor(
      'Prometheus to hold the finding no longer',
      async () => {
        const open = await prometheus.query(`ALERTS{alertname="PipelineWorkerStuck",alertstate="firing"}`);
        return open.length === 0;
      },
      LIMIT_MS,
    );
    // The Alertmanager was told of the end, and would have mailed it within a second, but for the inhibition.
    await waitFor('the Alertmanager to forget it', async () =>
      (await alertmanager.alerts()).every(({ labels }) => labels['alertname'] !== 'PipelineWorkerStuck'),
    );
    const subjects = mails.mails.map(({ mail }) => mail.subject);
    assert.ok(!subjects.includes(`[resolved] WorkerStuck: ${STAYS_STUCK} (G2_00)`), subjects.join('\n'));
  });
});
