/** The mails that a real Alertmanager makes of alerts by the shipped template, as a mail server receives them. */

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { skipWithout } from '../support/machine.js';
import type { RealAlertmanager } from '../support/real-alertmanager.js';
import { alertRule } from '../support/rule-files.js';
import { startShippedAlertmanager } from '../support/shipped-stack.js';
import { type ReceivedMail, type SmtpSink, startSmtpSink } from '../support/smtp-sink.js';
import { tempDir } from '../support/temp-dir.js';
import { waitFor } from '../support/wait-for.js';

type Labels = Readonly<Record<string, string>>;

const WORKERS = Array.from({ length: 10 }, (_, index) => `paddle-worker-gpu1-${index}`);
const stuck = (container: string): Labels => ({ kind: 'WorkerStuck', container, stage: 'G3_02' });

describe('mails of the Alertmanager', { skip: skipWithout('alertmanager') }, () => {
  let mails: SmtpSink;
  let alertmanager: RealAlertmanager;
  const cleanups: (() => unknown)[] = [];
  const scope = { after: (task?: unknown) => void cleanups.push(task as () => unknown) } as never;

  before(async () => {
    mails = await startSmtpSink(scope);
    alertmanager = await startShippedAlertmanager(await tempDir(scope), mails.port);
  });

  after(async () => {
    await alertmanager?.stop();
    for (const task of cleanups.reverse()) await task();
  });

  async function post(alertname: string, all: readonly Labels[], more: object = {}): Promise<void> {
    const { labels, annotations } = alertRule(alertname);
    const alerts = all.map((one) => ({
      labels: { alertname, severity: labels['severity'], job: 'stagewatch', instance: 'dgx-1:9847', ...one },
      annotations: {
        ...annotations,
        description: `about <${one['container'] ?? 'it'}> & more`,
        commands: `docker restart ${one['container']}`,
      },
      ...more,
    }));
    const answer = await fetch(`${alertmanager.url}/api/v2/alerts`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(alerts),
    });
    assert.equal(answer.status, 200, await answer.text());
  }

  const subjects = (): readonly (string | undefined)[] => mails.mails.map(({ mail }) => mail.subject);
  const whenMailed = (subject: string): Promise<ReceivedMail> =>
    waitFor(
      subject,
      () => {
        const found = mails.mails.find(({ mail }) => mail.subject === subject);
        if (!found) throw new Error(`there are: ${subjects().join(' | ')}`);
        return found;
      },
      30_000,
    );

  it('tell of ten workers of a stage in one, each with what to type', async () => {
    await post('PipelineWorkerStuck', WORKERS.map(stuck));
    const { mail } = await whenMailed('[critical] WorkerStuck: paddle-worker-gpu1-0 (G3_02), 10 in all');
    for (const worker of WORKERS) assert.ok(mail.text?.includes(`\n    docker restart ${worker}\n`), worker);
    assert.ok(
      typeof mail.html === 'string' && mail.html.includes('about &lt;paddle-worker-gpu1-9&gt; &amp; more'),
    );
    assert.equal(mails.mails.length, 1);
  });

  it('tell of ends without what to type', async () => {
    await post('PipelineWorkerStuck', WORKERS.map(stuck), { endsAt: new Date().toISOString() });
    const { mail } = await whenMailed('[resolved] WorkerStuck: paddle-worker-gpu1-0 (G3_02), 10 in all');
    assert.doesNotMatch(mail.text ?? '', /docker/);
    assert.match(mail.text ?? '', /^resolved: paddle-worker-gpu1-0 \(G3_02\)\. It was: A worker/);
  });

  it('name what an alert is about, whatever that is', async () => {
    const cases: readonly (readonly [alertname: string, labels: Labels, subject: string])[] = [
      [
        'PipelineQueueGrowing',
        { kind: 'QueueGrowing', queue: 'g3_02', stage: 'G3_02' },
        '[warning] QueueGrowing: queue g3_02 (G3_02)',
      ],
      ['PipelineGpuError', { kind: 'GpuError', gpu: '3' }, '[critical] GpuError: GPU 3'],
      ['PipelineSourceDown', { kind: 'SourceDown', source: 'rabbitmq' }, '[critical] SourceDown: rabbitmq'],
      ['PipelineStageStalled', { kind: 'StageStalled', stage: 'G5_00' }, '[critical] StageStalled: G5_00'],
      [
        'PipelineNotificationsFailing',
        { kind: 'NotificationsFailing', channel: 'email' },
        '[warning] NotificationsFailing: email',
      ],
      ['PipelineConfigReloadFailed', {}, '[warning] ConfigReloadFailed: dgx-1:9847'],
      ['PipelineDaemonAbsent', { instance: '' }, '[critical] DaemonAbsent'],
    ];
    for (const [alertname, labels] of cases) await post(alertname, [labels]);
    for (const [, , subject] of cases) await whenMailed(subject);
  });

  it('keep to themselves what is information, or for machines', async () => {
    const before = mails.mails.length;
    await post('PipelineProgressClockSkewed', [{ kind: 'ProgressClockSkewed', container: 'x' }]);
    await post('PipelineWatchdog', [{ instance: '' }]);
    await post('PipelineConsequence', [stuck('y')]);
    // One that is told, posted after them, comes through the same waits.
    await post('PipelineWorkerDown', [{ kind: 'WorkerDown', container: 'z', stage: 'G2_00' }]);
    await whenMailed('[warning] WorkerDown: z (G2_00)');
    assert.equal(mails.mails.length, before + 1, subjects().join(' | '));
  });
});
