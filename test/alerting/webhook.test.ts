import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { describe, it, type TestContext } from 'node:test';
import type { DeliveryResult } from '../../src/alerting/delivery.js';
import { createWebhookChannel } from '../../src/alerting/webhook/webhook-channel.js';
import { configSchema } from '../../src/config/schema.js';
import { systemClock } from '../../src/lib/clock.js';
import { findingOf, settingsWith } from '../support/alert-findings.js';
import { firstMessage } from '../support/alert-messages.js';
import { startServer } from '../support/misbehaving-server.js';

interface Received {
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

async function receive(test: TestContext, status = 200, headers: Record<string, string> = {}) {
  const received: Received[] = [];
  const server = await startServer(test, (request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (chunk: string) => {
      body += chunk;
    });
    request.on('end', () => {
      received.push({ headers: request.headers, body });
      response.writeHead(status, headers).end('ok');
    });
  });
  return { ...server, received };
}

const stuck = findingOf('WorkerStuck', 'paddle-worker-gpu1-0');

function deliver(url: string, more: object = {}, message = firstMessage([stuck])): Promise<DeliveryResult> {
  const { webhook } = configSchema.parse({ alerts: { webhook: { url, ...more } } }).alerts;
  return createWebhookChannel(webhook, systemClock).deliver(message, new AbortController().signal);
}

describe('a webhook', () => {
  it('gets all facts as JSON, the same id at each attempt', async (test: TestContext) => {
    const { url, received } = await receive(test);
    const message = firstMessage([stuck], {
      settings: settingsWith({ external_url: 'https://s.example.com' }),
    });
    for (let time = 0; time < 2; time++) assert.equal((await deliver(url, {}, message)).kind, 'sent');
    const [first, second] = received;
    const body = JSON.parse(first?.body ?? '') as Record<string, unknown>;
    assert.deepEqual(
      [body['status'], body['reason'], body['kind'], body['severity'], body['stage'], body['findingCount']],
      ['firing', 'new', 'WorkerStuck', 'critical', 'G3_02', 1],
    );
    const [finding] = body['findings'] as Record<string, unknown>[];
    assert.equal(finding?.['container'], 'paddle-worker-gpu1-0');
    assert.equal(finding?.['beganAt'], new Date(stuck.beganAtMs).toISOString());
    assert.equal(finding?.['identity'], undefined);
    assert.equal(body['id'], first?.headers['x-stagewatch-delivery']);
    assert.equal(first?.body, second?.body);
  });

  it('can tell by the signature who sent it, and when', async (test: TestContext) => {
    const { url, received } = await receive(test);
    await deliver(url, { secret: 'hush' });
    await deliver(url);
    const [signed, unsigned] = received;
    const [, time = '', digest] =
      /^t=(\d+),v1=([0-9a-f]{64})$/.exec(String(signed?.headers['x-stagewatch-signature'])) ?? [];
    assert.equal(digest, createHmac('sha256', 'hush').update(`${time}.${signed?.body}`).digest('hex'));
    assert.ok(Math.abs(Number(time) * 1000 - Date.now()) < 60_000);
    assert.equal(unsigned?.headers['x-stagewatch-signature'], undefined);
  });

  it('of Slack gets blocks within its limits, in which nothing is a link or calls the channel', async (test: TestContext) => {
    const { url, received } = await receive(test);
    const evil = findingOf('WorkerStuck', '<!channel> & <https://evil|ok>', {
      evidence: Array.from({ length: 20 }, () => '``` <@U1> '.repeat(200)),
    });
    const others = Array.from({ length: 60 }, (_, index) => findingOf('WorkerStuck', `w-${index}`));
    await deliver(url, { template: 'slack' }, firstMessage([evil, ...others]));
    const { text, blocks } = JSON.parse(received[0]?.body ?? '') as {
      text: string;
      blocks: { type: string; text: { text: string } }[];
    };
    assert.match(text, /^\[critical\] WorkerStuck: 61 at G3_02 Witnesses/);
    assert.doesNotMatch(JSON.stringify(blocks.slice(1)), /<[!@h]/);
    assert.ok(blocks.length <= 50);
    for (const { type, text: inner } of blocks) {
      assert.ok(inner.text.length <= (type === 'header' ? 150 : 3000), `${type}: ${inner.text.length}`);
      assert.equal((inner.text.match(/```/g) ?? []).length % 2, 0);
    }
  });

  for (const [status, kind] of [
    [204, 'sent'],
    [500, 'transient'],
    [503, 'transient'],
    [429, 'transient'],
    [408, 'transient'],
    [400, 'rejected'],
    [413, 'rejected'],
    [401, 'blocked'],
    [404, 'blocked'],
    [302, 'blocked'],
  ] as const) {
    it(`that answers ${status} is told as ${kind}, without its path`, async (test: TestContext) => {
      const { url } = await receive(test, status, status === 429 ? { 'retry-after': '30' } : {});
      const result = await deliver(`${url}/services/T000/secret`);
      assert.equal(result.kind, kind);
      assert.doesNotMatch(JSON.stringify(result), /secret/);
      if (status === 429) assert.equal('retryAfterMs' in result && result.retryAfterMs, 30_000);
    });
  }

  it('that refuses is told with its own words, short, in one line and without what is secret', async (test: TestContext) => {
    const said = `{"error":"invalid_token \u001b[31m\nfor /services/T000/hush-hush"} ${'x'.repeat(5000)}`;
    const { url } = await startServer(test, (_request, response) => response.writeHead(403).end(said));
    const result = await deliver(`${url}/services/T000/hush-hush`);
    assert.equal(result.kind, 'blocked');
    const problem = 'problem' in result ? result.problem : '';
    assert.match(
      problem,
      /^POST the webhook: answered with status 403: \{"error":"invalid_token \[31m for …"\} x+…$/,
    );
    assert.ok(problem.length < 260, `${problem.length} characters`);
    assert.doesNotMatch(problem, /hush|\p{Cc}/u);
  });

  it('that answers with a page is told by its title, and is not sent where the page asks for a password', async (test: TestContext) => {
    const page = (status: number, body: string) =>
      startServer(test, (_request, response) =>
        response
          .writeHead(status, { 'content-type': 'text/html' })
          .end(`<!DOCTYPE html><title>Sign in</title>${body}`),
      );
    const refused = await deliver((await page(502, '<p>')).url);
    assert.match('problem' in refused ? refused.problem : '', /status 502: “Sign in”, a web page$/);
    assert.equal((await deliver((await page(200, '<p>thanks')).url)).kind, 'sent');
    const login = await deliver((await page(200, '<input type="password">')).url);
    assert.equal(login.kind, 'blocked');
    assert.match('problem' in login ? login.problem : '', /asks for a password \(“Sign in”, a web page\)$/);
  });

  it('that is silent, or gone, is tried again', async (test: TestContext) => {
    const silent = await startServer(test, () => undefined);
    assert.equal((await deliver(silent.url, { time_limit: '200ms' })).kind, 'transient');
    assert.equal((await deliver('http://127.0.0.1:1')).kind, 'transient');
  });
});
