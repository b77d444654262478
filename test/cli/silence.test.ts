/** `stagewatch silence` and `stagewatch test-notification`, as a user types them. */

import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { runCommandLine } from '../../src/cli/program.js';
import { type Daemon, startDaemon } from '../support/daemon.js';
import { startServer } from '../support/misbehaving-server.js';
import { startSmtpSink } from '../support/smtp-sink.js';
import { tempDir } from '../support/temp-dir.js';

interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

async function run(args: readonly string[], env: Record<string, string> = {}): Promise<Ran> {
  let out = '';
  let err = '';
  const code = await runCommandLine(args, {
    env,
    version: '0',
    isTerminal: false,
    write: (text) => (out += text),
    writeError: (text) => (err += text),
    onSignal: () => undefined,
  });
  return { code, out, err };
}

const TOKEN = { STAGEWATCH_WEB_BEARER_TOKEN: 'sesame' };

async function daemonOf(test: TestContext): Promise<Daemon> {
  const config = 'docker: { enabled: false }\nweb: { bearer_token: sesame }\n';
  const started: Daemon[] = [];
  // Before its folder is removed: what is to be done after a test is done in the order in which it was said.
  test.after(() => Promise.all(started.map((one) => one.stop())));
  const daemon = await startDaemon({ folder: await tempDir(test), config });
  started.push(daemon);
  return daemon;
}

describe('stagewatch silence', () => {
  it('asks a running daemon for quiet, lists it, and ends it', async (test: TestContext) => {
    const { url } = await daemonOf(test);
    const what = [
      '--container',
      'paddle-*',
      '--kind',
      'Worker*',
      '--for',
      '2h',
      '--by',
      'ann',
      '--comment',
      'new disk',
    ];
    const added = await run(['silence', 'add', '--url', url, ...what], TOKEN);
    assert.equal(added.code, 0, added.err);
    const [, id = ''] =
      /^([0-9a-f]{8}) {2}kind=Worker\* container=paddle-\* {2}for \S+ more {2}by ann: new disk\n/.exec(
        added.out,
      ) ?? [];
    assert.notEqual(id, '', added.out);
    assert.match(added.out, /\nNo open finding fits it now; it is for what comes\.\n/);
    assert.match(
      (await run(['silence', '--url', url])).out,
      new RegExp(`^${id} `),
      'list is what it does by itself',
    );
    assert.equal((await run(['silence', 'expire', id, '--url', url], TOKEN)).code, 0);
    assert.equal((await run(['silence', 'list', '--url', url])).out, 'Nothing is silenced.\n');
    const again = await run(['silence', 'expire', id, '--url', url], TOKEN);
    assert.deepEqual([again.code, /no silence of this id is active/.test(again.err)], [1, true]);
    const journal = await fetch(`${url}/api/v1/journal?type=silence_added,silence_ended`);
    const { data } = (await journal.json()) as { data: { type: string; by: string; how?: string }[] };
    assert.deepEqual(
      data.map(({ type, by, how }) => [type, by, how]),
      [
        ['silence_ended', 'ann', 'ended'],
        ['silence_added', 'ann', undefined],
      ],
    );
  });

  it('says what is missing or wrong', async (test: TestContext) => {
    const { url } = await daemonOf(test);
    const add = ['silence', 'add', '--url', url];
    assert.match((await run([...add, '--kind', 'x'])).err, /needs the daemon's token/);
    const folder = await tempDir(test);
    assert.equal(
      (await run([...add, '--kind', 'x', '--token-file', folder])).err,
      `stagewatch: cannot read the token from ${folder}: it is a folder\n`,
    );
    const wrong = await run([...add, '--kind', 'x', '--for', '2h'], { STAGEWATCH_WEB_BEARER_TOKEN: 'other' });
    assert.deepEqual([wrong.code, /missing or wrong/.test(wrong.err)], [1, true]);
    assert.match((await run([...add, '--kind', 'WorkerStuk'], TOKEN)).err, /fits none of WorkerStuck/);
    assert.match((await run(add, TOKEN)).err, /at least one of kind, container/);
    assert.match((await run([...add, '--kind', '*', '--for', 'long'], TOKEN)).err, /duration like 30m or 2h/);
    const nobody = await run(['silence', 'list', '--url', 'http://127.0.0.1:1']);
    assert.deepEqual([nobody.code, /cannot reach the daemon/.test(nobody.err)], [1, true]);
    for (const body of [
      '{',
      '[]',
      '"x"',
      JSON.stringify({ matchers: { kind: '*' }, comment: 'x'.repeat(20_000) }),
    ]) {
      const headers = { authorization: 'Bearer sesame', 'content-type': 'application/json' };
      const response = await fetch(`${url}/api/v1/silences`, { method: 'POST', headers, body });
      assert.equal(response.status, 400, body.slice(0, 20));
    }
    assert.equal((await fetch(`${url}/api/v1/silences`, { method: 'POST' })).status, 401);
  });
});

describe('stagewatch test-notification', () => {
  it('sends one message by each channel, and says which arrived', async (test: TestContext) => {
    const sink = await startSmtpSink(test);
    const hook = await startServer(test, (_request, response) => response.writeHead(403).end());
    const file = join(await tempDir(test), 'stagewatch.yaml');
    await writeFile(
      file,
      `alerts:
  email: { smtp_url: "smtp://127.0.0.1:${sink.port}", to: [ops@example.com] }
  routes: [{ kinds: "Gpu*", to: [gpu@example.com] }]
  webhook: { url: "${hook.url}/secret/path" }
  alertmanager: { urls: ["http://user:secret@127.0.0.1:1"] }
`,
    );
    const { code, out } = await run(['test-notification', '--config', file]);
    assert.equal(code, 1);
    assert.match(out, /^sent {4}mail to ops@example\.com$/m);
    assert.match(out, /^sent {4}mail to gpu@example\.com$/m);
    assert.match(out, /^FAILED {2}the webhook: POST the webhook: answered with status 403$/m);
    assert.match(
      out,
      /^FAILED {2}alertmanager http:\/\/\*\*\*@127\.0\.0\.1:1.*: POST http:\/\/127\.0\.0\.1:1\/api\/v2\/alerts: /m,
    );
    assert.doesNotMatch(out, /secret/);
    assert.match(sink.mails[0]?.mail.subject ?? '', /^\[test\] stagewatch on .* can reach you$/);
  });

  it('says that nothing is configured', async () => {
    const { code, err } = await run(['test-notification']);
    assert.deepEqual([code, /no channel is configured/.test(err)], [1, true]);
  });
});
