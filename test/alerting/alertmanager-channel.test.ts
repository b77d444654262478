import assert from 'node:assert/strict';
import type { RequestListener } from 'node:http';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { type AlertStates, reviewAlertStates } from '../../src/alerting/alertmanager/alert-states.js';
import { createAlertmanagerChannel } from '../../src/alerting/alertmanager/alertmanager-channel.js';
import type { Finding } from '../../src/detectors/finding.js';
import { systemClock } from '../../src/lib/clock.js';
import { findingOf, settingsWith } from '../support/alert-findings.js';
import { freePort } from '../support/free-port.js';
import { createHastyClock } from '../support/hasty-clock.js';
import { skipWithout } from '../support/machine.js';
import { startServer } from '../support/misbehaving-server.js';
import { type RealAlertmanager, startRealAlertmanager } from '../support/real-alertmanager.js';
import { tempDir } from '../support/temp-dir.js';
import { waitFor } from '../support/wait-for.js';

const settingsFor = (...urls: string[]) =>
  settingsWith({ alertmanager: { urls, resend: '5s', time_limit: '5s' } });

function statesOf(
  urls: readonly string[],
  findings: readonly Finding[],
  before: AlertStates = {},
): AlertStates {
  return reviewAlertStates(before, {
    findings: new Map(findings.map((finding) => [finding.id, finding])),
    isSilenced: () => false,
    settings: settingsFor(...urls),
    nowMs: Date.now(),
  });
}

const stuck = findingOf('WorkerStuck', 'w-1', { openedAtMs: Date.now() });

/** Counts the alerts that each call told of. */
function counting(told: number[]): RequestListener {
  return (request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (chunk: string) => {
      body += chunk;
    });
    request.on('end', () => {
      told.push((JSON.parse(body) as unknown[]).length);
      response.end();
    });
  };
}

describe('instances of an Alertmanager', () => {
  for (const [what, status, headers, body, problem] of [
    [
      'a login page',
      200,
      { 'content-type': 'text/html' },
      '<!doctype html><title>Sign in</title>',
      /no Alertmanager \(“Sign in”, a web page\)/,
    ],
    ['a word', 200, { 'content-type': 'text/plain' }, 'welcome', /no Alertmanager \(welcome\)/],
    ['a redirect', 302, { location: '/login' }, '', /redirected to \/login/],
    ['a refusal', 400, {}, '{"message":"bad start time"}', /status 400: \{"message":"bad start time"\}/],
  ] as const) {
    it(`that answer with ${what} are not told, and the channel says so`, async (test: TestContext) => {
      const { url } = await startServer(test, (_request, response) =>
        response.writeHead(status, headers).end(body),
      );
      const channel = createAlertmanagerChannel(settingsFor(url), createHastyClock(20));
      test.after(() => channel.stop());
      channel.tell(statesOf([url], [stuck]));
      const [health] = [...channel.health.values()];
      await waitFor('the failure', () => health?.failure !== undefined);
      assert.match(health?.failure?.problem ?? '', problem);
      assert.equal(health?.counts.sent, 0);
    });
  }

  it('are told at once of what is new and again in their turn, whatever becomes of the others', async (test: TestContext) => {
    const told: number[] = [];
    const well = await startServer(test, counting(told));
    const silent = await startServer(test, () => undefined);
    const urls = [well.url, silent.url, `http://127.0.0.1:${await freePort()}`];
    const channel = createAlertmanagerChannel(settingsFor(...urls), createHastyClock(20));
    test.after(() => channel.stop());
    const states = statesOf(urls, [stuck]);
    channel.tell(states);
    await waitFor('the first word', () => told.length === 1);
    await waitFor('its turn, twice', () => told.length >= 3);
    await waitFor(
      'the others to have failed',
      () => [...channel.health.values()].filter(({ failure }) => failure !== undefined).length === 2,
    );
    assert.equal(channel.health.get(`alertmanager ${well.url}`)?.failure, undefined);
    channel.tell(statesOf(urls, [stuck, findingOf('WorkerSlow', 'w-2')], states));
    await waitFor('the news', () => told.at(-1) === 2);
  });

  it('that come back are told what is open', async (test: TestContext) => {
    const told: number[] = [];
    const server = await startServer(test, (_request, response) => response.writeHead(503).end());
    const channel = createAlertmanagerChannel(settingsFor(server.url), createHastyClock(20));
    test.after(() => channel.stop());
    const health = () => channel.health.get(`alertmanager ${server.url}`);
    channel.tell(statesOf([server.url], [stuck]));
    await waitFor('failures', () => (health()?.counts.failed ?? 0) >= 3);
    assert.match(health()?.failure?.problem ?? '', /answered with status 503/);
    server.answerWith(counting(told));
    await waitFor('the word', () => told.length > 0);
    await waitFor('its health', () => health()?.failure === undefined);
  });

  it('that are taken out of the configuration are told no more', async (test: TestContext) => {
    const told: number[] = [];
    const server = await startServer(test, counting(told));
    const channel = createAlertmanagerChannel(settingsFor(server.url), createHastyClock(20));
    test.after(() => channel.stop());
    channel.tell(statesOf([server.url], [stuck]));
    await waitFor('the first word', () => told.length === 1);
    channel.setSettings(settingsFor());
    assert.equal(channel.health.size, 0);
    const before = told.length;
    const other: number[] = [];
    const next = await startServer(test, counting(other));
    channel.setSettings(settingsFor(next.url));
    channel.tell(statesOf([next.url], [stuck, findingOf('WorkerSlow', 'w-2')]));
    await waitFor('the word elsewhere, twice', () => other.length >= 2);
    assert.ok(told.length <= before + 1, 'but for a call that was under way');
  });
});

describe('a real Alertmanager', { skip: skipWithout('alertmanager') }, () => {
  it('that is started anew with nothing knows again what is open', async (test: TestContext) => {
    const servers: RealAlertmanager[] = [];
    // Before the folder is removed: what is to be done after a test is done in the order in which it was said.
    test.after(() => Promise.all(servers.map((server) => server.stop())));
    const folder = await tempDir(test);
    const port = await freePort();
    const first = await startRealAlertmanager(join(folder, 'one'), { port });
    servers.push(first);
    const channel = createAlertmanagerChannel(settingsFor(first.url), systemClock);
    test.after(() => channel.stop());
    const open = statesOf([first.url], [stuck]);
    channel.tell(open);
    await waitFor('the alert', async () => (await first.alerts()).length === 1);
    await first.stop();
    const second = await startRealAlertmanager(join(folder, 'two'), { port });
    servers.push(second);
    await waitFor('the alert again', async () => (await second.alerts()).length === 1, 60_000);
    channel.tell(statesOf([first.url], [], open));
    await waitFor('its end', async () => (await second.alerts()).length === 0, 30_000);
  });
});
