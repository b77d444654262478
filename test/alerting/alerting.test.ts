import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import type { AlertSettings } from '../../src/alerting/alert-settings.js';
import { type Alerting, createAlerting } from '../../src/alerting/alerting.js';
import type { CommandsOf, NotesOf } from '../../src/alerting/message-maker.js';
import type { Finding } from '../../src/detectors/finding.js';
import { createJournal, type Journal } from '../../src/journal/journal.js';
import { createStateFile } from '../../src/journal/state-file.js';
import { systemClock } from '../../src/lib/clock.js';
import { createLogger } from '../../src/lib/logger.js';
import { findingOf, settingsWith } from '../support/alert-findings.js';
import { startServer } from '../support/misbehaving-server.js';
import { startSmtpSink } from '../support/smtp-sink.js';
import { tempDir } from '../support/temp-dir.js';
import { waitFor } from '../support/wait-for.js';

const AT_ONCE = { group_wait: '0s', group_interval: '0s' };
const log = createLogger({ level: 'silent', format: 'json', write: () => undefined });

interface Life {
  readonly alerting: Alerting;
  readonly journal: Journal;
  stop(): Promise<void>;
}

/** One life of the daemon's notifications, on real files. */
async function live(
  directory: string,
  settings: AlertSettings,
  more: { readonly notesOf?: NotesOf; readonly commandsOf?: CommandsOf } = {},
): Promise<Life> {
  const state = createStateFile({ directory, clock: systemClock, log });
  const journal = createJournal({ directory, clock: systemClock, log });
  await Promise.all([state.open(), journal.open()]);
  const alerting = createAlerting({
    settings,
    state,
    journal,
    clock: systemClock,
    log,
    ...more,
  });
  alerting.start();
  return {
    alerting,
    journal,
    async stop() {
      await alerting.stop();
      await Promise.all([state.close(), journal.close()]);
    },
  };
}

const opened = (name: string): Finding =>
  findingOf('WorkerStuck', name, { beganAtMs: Date.now() - 432_000, openedAtMs: Date.now() });
const byId = (...findings: Finding[]) => new Map(findings.map((finding) => [finding.id, finding]));
const mailTo = (port: number, more: object = {}) =>
  settingsWith({
    ...AT_ONCE,
    email: { smtp_url: `smtp://127.0.0.1:${port}`, to: ['ops@example.com'] },
    ...more,
  });

describe('notifications', () => {
  it('leave for real, are written down, and outlive the daemon without being doubled', async (test: TestContext) => {
    const folder = await tempDir(test);
    const sink = await startSmtpSink(test);
    const finding = opened('w-1');
    const first = await live(folder, mailTo(sink.port));
    first.alerting.review(byId(finding));
    await waitFor('the mail', () => sink.mails.length === 1);
    await waitFor('its receipt', () => first.alerting.counts.email.sent === 1);
    await first.stop();
    const second = await live(folder, mailTo(sink.port));
    second.alerting.review(byId({ ...finding, isUnconfirmed: true }));
    second.alerting.review(byId(finding));
    second.alerting.review(byId());
    await waitFor('the word of its end', () => sink.mails.length === 2);
    await waitFor('its receipt', () => second.alerting.outbox.length === 0);
    assert.deepEqual(
      second.journal
        .newest({ limit: 10, types: ['notification'] })
        .map(({ reason, result }) => [reason, result]),
      [
        ['resolved', 'sent'],
        ['new', 'sent'],
      ],
    );
    await second.stop();
    assert.match(sink.mails[1]?.mail.subject ?? '', /^\[resolved\] WorkerStuck: w-1/);
    assert.equal(sink.mails[1]?.mail.inReplyTo, sink.mails[0]?.mail.messageId);
  });

  it('decided before a power cut are sent after it, under the same id', async (test: TestContext) => {
    const folder = await tempDir(test);
    // Takes the mail and never says so: whether it was delivered nobody knows.
    const deaf = await startSmtpSink(test, { onData: (stream) => stream.resume() });
    const first = await live(folder, mailTo(deaf.port));
    first.alerting.review(byId(opened('w-1')));
    const [decided] = first.alerting.outbox;
    const sink = await startSmtpSink(test);
    // A life that begins while the first has not ended well, as after a power cut.
    const second = await waitFor('the decision on disk', async () => {
      const life = await live(folder, mailTo(sink.port));
      if (life.alerting.outbox.length === 1) return life;
      await life.stop();
      return undefined;
    });
    await waitFor('the mail', () => sink.mails.length === 1);
    assert.match(sink.mails[0]?.mail.messageId ?? '', new RegExp(`^<${decided?.id}@`));
    await second.stop();
    await first.stop();
  });

  it('wait for a mail server that is down, while the webhook is told, and of the mail’s failing too', async (test: TestContext) => {
    const bodies: string[] = [];
    const hook = await startServer(test, (request, response) => {
      let body = '';
      request.setEncoding('utf8').on('data', (chunk: string) => {
        body += chunk;
      });
      request.on('end', () => {
        bodies.push(body);
        response.end();
      });
    });
    const gone = await startSmtpSink(test);
    await gone.close();
    const settings = mailTo(gone.port, { webhook: { url: hook.url } });
    const { alerting, stop } = await live(await tempDir(test), settings);
    const stuck = opened('w-1');
    alerting.review(byId(stuck));
    await waitFor('the webhook', () => bodies.length === 1);
    await waitFor('the failed attempt', () => alerting.counts.email.failed === 1);
    const failing = findingOf('NotificationsFailing', 'email', { subject: { channel: 'email' } });
    alerting.review(byId(stuck, failing));
    await waitFor('the webhook', () => bodies.length === 2);
    assert.match(bodies[1] ?? '', /NotificationsFailing/);
    const waiting = (): string => alerting.outbox.map(({ kind }) => kind).join();
    await waitFor('only the mail to be left', () => waiting() === 'WorkerStuck');
    const back = await startSmtpSink(test, { port: gone.port });
    // As after a reload: what waits is tried at once.
    alerting.setSettings(settings);
    await waitFor('the mail', () => back.mails.length === 1);
    await stop();
  });

  it('carry what recovery says and the end of the log, and go without when nobody answers', async (test: TestContext) => {
    const sink = await startSmtpSink(test);
    const notesOf: NotesOf = ({ key }) => {
      if (key === 'w-2') throw new Error('no evidence');
      return {
        recovery: 'would restart it: restarts are in dry run',
        logLines: ['CUDA error: an illegal access'],
      };
    };
    const { alerting, stop } = await live(await tempDir(test), mailTo(sink.port), { notesOf });
    alerting.review(byId(opened('w-1')));
    await waitFor('the mail', () => sink.mails.length === 1);
    const text = sink.mails[0]?.mail.text ?? '';
    assert.match(text, /WHAT STAGEWATCH DID\n {2}- would restart it/);
    assert.match(text, /LAST LINES OF ITS LOG\n {2}\| CUDA error/);
    alerting.review(byId());
    alerting.review(byId(findingOf('WorkerDown', 'w-2')));
    await waitFor('the other mails', () => sink.mails.length === 3);
    const other = sink.mails.find(({ mail }) => mail.subject?.includes('WorkerDown'));
    assert.match(other?.mail.text ?? '', /Nothing but tell you/);
    await stop();
  });

  it('ask once what to type about all that they tell of', async (test: TestContext) => {
    const sink = await startSmtpSink(test);
    const asked: string[][] = [];
    const commandsOf: CommandsOf = (findings) => {
      asked.push(findings.map(({ key }) => key));
      return new Map(
        findings.map(({ id, key }) => [id, [{ text: `docker logs ${key}`, purpose: 'its log' }]]),
      );
    };
    const { alerting, stop } = await live(await tempDir(test), mailTo(sink.port), { commandsOf });
    alerting.review(byId(opened('w-1'), opened('w-2'), opened('w-3')));
    await waitFor('the mail', () => sink.mails.length === 1);
    assert.deepEqual(asked, [['w-1', 'w-2', 'w-3']]);
    assert.match(sink.mails[0]?.mail.text ?? '', /docker logs w-1/);
    await stop();
  });

  it('of the day come as one mail', async (test: TestContext) => {
    const sink = await startSmtpSink(test);
    const settings = mailTo(sink.port, {
      digest: { at: '08:00', to: ['boss@example.com'] },
      min_severity: 'critical',
    });
    const { alerting, journal, stop } = await live(await tempDir(test), settings);
    for (const container of ['w-1', 'w-2']) {
      journal.append({
        type: 'finding_opened',
        kind: 'WorkerSlow',
        severity: 'warning',
        stage: 'G3_02',
        container,
      });
    }
    journal.append({ type: 'restart_ended', container: 'w-1', result: 'not_recovered' });
    alerting.review(byId(findingOf('WorkerSlow', 'w-2')));
    alerting.sendDigest();
    await waitFor('the mail', () => sink.mails.length === 1);
    const [{ mail, recipients } = assert.fail()] = sink.mails;
    assert.deepEqual(recipients, ['boss@example.com']);
    assert.equal(mail.subject, '[digest] stagewatch: 2 findings in 24 hours, 1 open now');
    assert.match(mail.text ?? '', /WHAT OPENED\n {2}- ◆ WorkerSlow: 2 \(G3_02 Witnesses 2\)/);
    assert.match(mail.text ?? '', /RESTARTS BY STAGEWATCH\n {2}- not recovered: 1/);
    assert.match(mail.text ?? '', /OPEN NOW: 1\n {2}◆ w-2 \(G3_02 Witnesses\)\n/);
    await stop();
  });
});
