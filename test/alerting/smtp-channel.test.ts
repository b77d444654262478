import assert from 'node:assert/strict';
import { connect, createServer } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import type { DeliveryResult } from '../../src/alerting/delivery.js';
import { createSmtpChannel, type EmailConfig } from '../../src/alerting/email/smtp-channel.js';
import type { FindingNotes, MessageNotes } from '../../src/alerting/message-view.js';
import { configSchema } from '../../src/config/schema.js';
import type { Finding } from '../../src/detectors/finding.js';
import { systemClock } from '../../src/lib/clock.js';
import { findingOf, settingsWith } from '../support/alert-findings.js';
import { firstMessage, notificationsOf, outgoing } from '../support/alert-messages.js';
import { makeCertificate } from '../support/certificate.js';
import { freePort } from '../support/free-port.js';
import { findProgram } from '../support/machine.js';
import { startSmtpSink } from '../support/smtp-sink.js';
import { tempDir } from '../support/temp-dir.js';

const stuck = findingOf('WorkerStuck', 'paddle-worker-gpu1-0');
const NEVER = new AbortController().signal;

function emailConfig(smtpUrl: string, more: object = {}): EmailConfig {
  const email = { smtp_url: smtpUrl, to: ['ops@example.com'], time_limit: '1m', ...more };
  return configSchema.parse({ alerts: { email } }).alerts.email;
}

function deliver(
  config: EmailConfig,
  message = firstMessage([stuck]),
  signal: AbortSignal = NEVER,
): Promise<DeliveryResult> {
  return createSmtpChannel(config, systemClock).deliver(message, signal);
}

function problemOf(result: DeliveryResult): string {
  return 'problem' in result ? `${result.kind}: ${result.problem}` : result.kind;
}

function notesFor(finding: Finding, notes: FindingNotes): MessageNotes {
  return { of: new Map([[finding.id, notes]]), ends: new Map(), host: 'dgx-01' };
}

describe('a mail', () => {
  it('says it all in its subject, twice in its body, and can be threaded and told from its copies', async (test: TestContext) => {
    const sink = await startSmtpSink(test);
    const config = emailConfig(`smtp://127.0.0.1:${sink.port}`, {
      to: ['ops@example.com', 'Ann <ann@example.com>'],
    });
    const settings = settingsWith({
      email: { smtp_url: config.smtp_url, to: config.to },
      external_url: 'https://stagewatch.example.com',
    });
    const [first, resolved] = notificationsOf({ settings, minutes: [[stuck], []] });
    assert.ok(first && resolved);
    assert.equal((await deliver(config, outgoing(first, { settings }))).kind, 'sent');
    await deliver(config, outgoing(first, { settings }));
    await deliver(config, outgoing(resolved, { settings }));
    const [mail, copy, end] = sink.mails.map((one) => one.mail);
    assert.equal(
      mail?.subject,
      '[critical] WorkerStuck: paddle-worker-gpu1-0 (G3_02 Witnesses), 7m12s without progress',
    );
    assert.match(
      mail?.text ?? '',
      /^▲ CRITICAL {2}WorkerStuck: paddle-worker-gpu1-0 \(G3_02 Witnesses\), 7m12s without progress\n/,
    );
    assert.match(
      mail?.text ?? '',
      /\$ stagewatch silence add --kind WorkerStuck --container paddle-worker-gpu1-0 --for 2h\n/,
    );
    assert.match(String(mail?.html), /<title>\[critical\] WorkerStuck/);
    assert.deepEqual([...(sink.mails[0]?.recipients ?? [])].toSorted(), [
      'ann@example.com',
      'ops@example.com',
    ]);
    assert.equal(mail?.messageId, copy?.messageId);
    assert.notEqual(mail?.messageId, end?.messageId);
    assert.equal(end?.inReplyTo, mail?.messageId);
    assert.equal(mail?.headers.get('auto-submitted'), 'auto-generated');
    assert.equal(mail?.headers.get('x-stagewatch-stage'), 'G3_02');
    assert.match(sink.mails[0]?.raw ?? '', /^X-Priority: 1/m);
    assert.match(
      end?.subject ?? '',
      /^\[resolved\] WorkerStuck: paddle-worker-gpu1-0 \(G3_02 Witnesses\), lasted 8m12s$/,
    );
  });

  it('keeps a name with line ends, quotes and markup a name, in headers, text, HTML and commands', async (test: TestContext) => {
    const sink = await startSmtpSink(test);
    const name = `w\r\nBcc: thief@example.com\r\n\r\n<script>alert(1)</script>'; rm -rf / #\u202Egnp.exe`;
    const evil = findingOf('WorkerStuck', name, {
      subject: { container: name, stage: 'G3_02\r\nX-Evil: 1' },
      summary: 'stuck\r\nSubject: other',
      evidence: ['<img src=x onerror=alert(1)>\r\n.\r\nQUIT\r\n'],
    });
    const settings = settingsWith();
    const message = firstMessage([evil], {
      settings,
      notes: notesFor(evil, { logLines: ['a\r\n.\r\nMAIL FROM:<x@y>'] }),
    });
    assert.equal((await deliver(emailConfig(`smtp://127.0.0.1:${sink.port}`), message)).kind, 'sent');
    assert.equal(sink.mails.length, 1);
    const [{ mail, recipients } = assert.fail()] = sink.mails;
    assert.deepEqual(recipients, ['ops@example.com']);
    assert.equal(mail.bcc, undefined);
    assert.equal(mail.headers.get('x-evil'), undefined);
    assert.doesNotMatch(String(mail.html), /<script|<img|\u202E/);
    assert.match(String(mail.html), /&lt;script&gt;/);
    assert.match(mail.text ?? '', /--container 'w\?\?Bcc.*'\\''; rm -rf \/ #\?gnp\.exe' --for 2h\n/);
    assert.doesNotMatch(mail.subject ?? '', /[\r\n]/);
  });

  it('carries any script', async (test: TestContext) => {
    const sink = await startSmtpSink(test);
    const name = 'prüfer-工人-🦀';
    const finding = findingOf('WorkerStuck', name, {
      evidence: ['Ошибка: файл «данные» не найден', '列が止まった'],
    });
    await deliver(emailConfig(`smtp://127.0.0.1:${sink.port}`), firstMessage([finding]));
    const [{ mail, raw } = assert.fail()] = sink.mails;
    assert.match(mail.subject ?? '', /prüfer-工人-🦀/);
    assert.match(mail.text ?? '', /Ошибка: файл «данные» не найден/);
    assert.match(String(mail.html), /列が止まった/);
    assert.ok(
      Buffer.from(raw, 'latin1').every((byte) => byte < 128),
      'on the wire it is ASCII',
    );
  });

  it('stays small and readable with an error of 10,000 lines', async (test: TestContext) => {
    const sink = await startSmtpSink(test);
    const trace = Array.from(
      { length: 10_000 },
      (_, index) => `    at frame ${index} \u001B[31mred\u001B[0m`,
    );
    const finding = findingOf('FailuresSpiking', 'G3_02', {
      subject: { stage: 'G3_02' },
      evidence: [trace.join('\n'), ...trace],
    });
    const message = firstMessage([finding], { notes: notesFor(finding, { logLines: trace }) });
    await deliver(emailConfig(`smtp://127.0.0.1:${sink.port}`), message);
    const [{ mail, raw } = assert.fail()] = sink.mails;
    assert.ok(raw.length < 60_000, `${raw.length} bytes`);
    assert.ok(raw.split('\r\n').every((line) => line.length <= 998));
    assert.match(mail.text ?? '', / {2}\| {5}at frame 9999 red\n/);
    assert.doesNotMatch(mail.text ?? '', /(?!\n)\p{Cc}/u);
  });
});

describe('the mail server', () => {
  const canCertify = findProgram('openssl') !== undefined || process.env['CI'] === 'true';

  it('is spoken to over TLS, with a user and password, when it offers STARTTLS', {
    skip: !canCertify,
  }, async (test) => {
    const { caFile, cert, key } = await makeCertificate(await tempDir(test));
    const sink = await startSmtpSink(test, {
      key,
      cert,
      authOptional: false,
      onAuth({ username, password }, _session, done) {
        if (username === 'us er' && password === 'p@ss%') done(null, { user: username });
        else done(new Error('no such user'));
      },
    });
    const url = (password: string): string => `smtp://us%20er:${password}@127.0.0.1:${sink.port}`;
    const tls = { tls_ca: caFile };
    assert.deepEqual(await deliver(emailConfig(url('p%40ss%25'), tls)), {
      kind: 'sent',
      refused: [],
      later: [],
    });
    assert.deepEqual([sink.mails[0]?.isSecure, sink.mails[0]?.user], [true, 'us er']);
    const wrong = problemOf(await deliver(emailConfig(url('wrong'), tls)));
    assert.match(wrong, /^blocked: .*535/);
    assert.doesNotMatch(wrong, /wrong/);
    const unknown = await deliver(emailConfig(url('p%40ss%25')));
    assert.match(problemOf(unknown), /^blocked: .*certificate/);
    assert.equal((await deliver(emailConfig(url('p%40ss%25'), { tls_verify: false }))).kind, 'sent');
  });

  it('is spoken to over TLS from the first byte by smtps', { skip: !canCertify }, async (test) => {
    const { caFile, cert, key } = await makeCertificate(await tempDir(test));
    const sink = await startSmtpSink(test, { secure: true, key, cert });
    const config = emailConfig(`smtps://localhost:${sink.port}`, { tls_ca: caFile });
    assert.equal(problemOf(await deliver(config)), 'sent');
  });

  it('gets no password in the clear, unless TLS was turned off by hand', async (test: TestContext) => {
    let passwords = 0;
    const sink = await startSmtpSink(test, {
      allowInsecureAuth: true,
      onAuth(_auth, _session, done) {
        passwords++;
        done(null, { user: 'u' });
      },
    });
    const url = `smtp://u:secret@127.0.0.1:${sink.port}`;
    assert.match(problemOf(await deliver(emailConfig(url))), /^blocked: /);
    assert.equal(passwords, 0);
    assert.equal(problemOf(await deliver(emailConfig(url, { starttls: 'off' }))), 'sent');
    assert.equal(passwords, 1);
    const bare = `smtp://127.0.0.1:${sink.port}`;
    assert.match(problemOf(await deliver(emailConfig(bare, { starttls: 'required' }))), /^blocked: /);
  });

  const replies = (code: number) => (_: unknown, __: unknown, done: (error: Error) => void) =>
    done(Object.assign(new Error('no thanks'), { responseCode: code }));

  for (const [what, options, expected] of [
    ['that refuses the recipient for good', { onRcptTo: replies(550) }, /^rejected: .*550/],
    ['that has no time for the recipient', { onRcptTo: replies(451) }, /^transient: .*451/],
    ['that refuses the sender for good', { onMailFrom: replies(553) }, /^blocked: .*553/],
    ['that has no time for the sender', { onMailFrom: replies(421) }, /^transient: .*421/],
  ] as const) {
    it(`${what} is told as ${expected.source.slice(1).split(':')[0]}`, async (test: TestContext) => {
      const sink = await startSmtpSink(test, options as object);
      assert.match(problemOf(await deliver(emailConfig(`smtp://127.0.0.1:${sink.port}`))), expected);
    });
  }

  for (const [code, kind] of [
    [554, 'rejected'],
    [452, 'transient'],
  ] as const) {
    it(`that answers ${code} to a whole mail is told as ${kind}`, async (test: TestContext) => {
      const sink = await startSmtpSink(test, {
        onData(stream, _session, done) {
          stream.resume();
          stream.on('end', () => done(Object.assign(new Error('full'), { responseCode: code })));
        },
      });
      const result = problemOf(await deliver(emailConfig(`smtp://127.0.0.1:${sink.port}`)));
      assert.match(result, new RegExp(`^${kind}: .*${code}`));
    });
  }

  it('that takes some recipients only has sent, and says who is left', async (test: TestContext) => {
    const sink = await startSmtpSink(test, {
      onRcptTo({ address }, _session, done) {
        const code = { 'gone@example.com': 550, 'full@example.com': 452 }[address];
        done(code === undefined ? null : Object.assign(new Error('no'), { responseCode: code }));
      },
    });
    const to = ['gone@example.com', 'ops@example.com', 'full@example.com'];
    const config = emailConfig(`smtp://127.0.0.1:${sink.port}`, { to });
    const result = await deliver(
      config,
      firstMessage([stuck], { settings: settingsWith({ email: { smtp_url: config.smtp_url, to } }) }),
    );
    assert.ok(result.kind === 'sent');
    assert.deepEqual(
      [result.refused.map((one) => one.to), result.later.map((one) => one.to)],
      [['gone@example.com'], ['full@example.com']],
    );
    assert.match(result.refused[0]?.problem ?? '', /550/);
  });

  it('that is not there, or falls silent at any point, is given up within the time limit', async (test: TestContext) => {
    const absent = await deliver(emailConfig(`smtp://127.0.0.1:${await freePort()}`));
    assert.match(problemOf(absent), /^transient: .*ECONNREFUSED/);
    for (const words of ['', '220 hello\r\n', '220 hello\r\n250 well\r\n']) {
      const server = createServer((socket) => {
        socket.on('error', () => undefined);
        const [greeting = '', answer] = words.split(/(?<=\n)/);
        if (greeting !== '') socket.write(greeting);
        if (answer !== undefined) socket.once('data', () => socket.write(answer));
      });
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      test.after(() => server.close());
      const { port } = server.address() as { port: number };
      const startedMs = Date.now();
      const result = await deliver(emailConfig(`smtp://127.0.0.1:${port}`, { time_limit: '1s' }));
      assert.match(problemOf(result), /^transient: /, words);
      assert.ok(Date.now() - startedMs < 15_000, words);
    }
  });

  it('that is in the middle of a mail when the daemon stops is left at once', async (test: TestContext) => {
    const ended = new AbortController();
    const sink = await startSmtpSink(test, { onData: () => ended.abort() });
    const result = await deliver(
      emailConfig(`smtp://127.0.0.1:${sink.port}`),
      firstMessage([stuck]),
      ended.signal,
    );
    assert.equal(result.kind, 'transient');
    // Nothing is left open that would keep the server from closing.
    await sink.close();
    await assert.rejects(
      new Promise((resolve, reject) => {
        connect(sink.port, '127.0.0.1').on('connect', resolve).on('error', reject);
      }),
    );
  });
});
