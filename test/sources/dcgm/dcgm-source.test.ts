import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import type { RequestListener } from 'node:http';
import { describe, it, type TestContext } from 'node:test';
import { gzipSync } from 'node:zlib';
import { createDcgmSource } from '../../../src/sources/dcgm/dcgm-source.js';
import { freePort } from '../../support/free-port.js';
import { startServer } from '../../support/misbehaving-server.js';
import { createSourceHarness } from '../../support/source-harness.js';
import { waitFor } from '../../support/wait-for.js';

const CLASSIC = readFileSync('test/fixtures/dcgm/classic.prom', 'utf8');
const NEW = readFileSync('test/fixtures/dcgm/4.9.prom', 'utf8');

function send(
  body: string | Buffer,
  headers: Record<string, string> = { 'content-type': 'text/plain' },
): RequestListener {
  return (_request, response) => response.writeHead(200, headers).end(body);
}

function startSource(test: TestContext, url: string, requestTimeoutMs = 2000) {
  const harness = createSourceHarness();
  const config = { interval: 50, request_timeout: requestTimeoutMs };
  const source = createDcgmSource({ url, config }, harness.context);
  test.after(() => source.stop());
  source.start();
  const health = () => harness.fleet.sources.get('dcgm');
  return { ...harness, source, health };
}

describe('an exporter', () => {
  it('is read at /metrics, its GPUs are there, and the credentials stay hidden', async (test: TestContext) => {
    const paths: unknown[] = [];
    const { url } = await startServer(test, (request, response) => {
      paths.push([request.url, request.headers.accept, request.headers.authorization]);
      send(CLASSIC)(request, response);
    });
    const withUser = url.replace('//', '//me:secret@');
    const { fleet, health, source, logLines } = startSource(test, withUser);
    await waitFor('the GPUs', () => fleet.gpus.size === 8);
    assert.deepEqual(paths[0], [
      '/metrics',
      'text/plain',
      `Basic ${Buffer.from('me:secret').toString('base64')}`,
    ]);
    assert.equal(health()?.isUp, true);
    assert.equal(source.target, `${url}/metrics`);
    assert.doesNotMatch(logLines.join('') + JSON.stringify([...fleet.sources]), /secret/);
  });

  it('may be exchanged for one with new names and units, or packed, without a change of values', async (test) => {
    const { url, answerWith } = await startServer(test, send(CLASSIC));
    const { fleet } = startSource(test, url);
    const seen = () =>
      [...fleet.gpus.values()].map(({ seenAtMs: _seen, utilizationAtMs: _used, ...facts }) => facts);
    await waitFor('the GPUs', () => fleet.gpus.size === 8);
    const before = seen();
    let reads = 0;
    answerWith((request, response) => {
      reads++;
      send(gzipSync(NEW), { 'content-encoding': 'gzip' })(request, response);
    });
    await waitFor('three more reads', () => reads > 3);
    assert.deepEqual(seen(), before);
  });

  it('with a broken line loses that line only, and says so once', async (test: TestContext) => {
    const lines = CLASSIC.split('\n');
    const at = lines.findIndex((line) => line.startsWith('DCGM_FI_DEV_GPU_TEMP{gpu="2"'));
    lines[at] = lines[at]?.slice(0, 80) ?? '';
    const { url, answerWith } = await startServer(test, send(lines.join('\n')));
    const { fleet, health, logLines } = startSource(test, url);
    await waitFor('some reads', () => (health()?.failures.protocol ?? 0) >= 3);
    const byIndex = new Map([...fleet.gpus.values()].map((gpu) => [gpu.index, gpu]));
    assert.equal(health()?.isUp, true);
    assert.equal(byIndex.get('2')?.temperatureCelsius, undefined);
    assert.equal(byIndex.get('2')?.powerWatts, 942.109275);
    assert.equal(byIndex.get('3')?.temperatureCelsius, 31);
    const warnings = () => logLines.filter((line) => line.includes('"warn"'));
    assert.equal(warnings().length, 1);
    assert.match(warnings()[0] ?? '', new RegExp(`one broken line left out, the first is line ${at + 1}: `));
    answerWith(send(CLASSIC));
    await waitFor('the end of it in the log', () => logLines.at(-1)?.includes('in order again'));
  });

  it('that loses a GPU, and reports an error of another', async (test: TestContext) => {
    const { url, answerWith } = await startServer(test, send(CLASSIC));
    const { fleet } = startSource(test, url);
    await waitFor('the GPUs', () => fleet.gpus.size === 8);
    const damaged = CLASSIC.split('\n')
      .filter((line) => !line.includes('gpu="3"'))
      .map((line) => (/^DCGM_FI_DEV_XID_ERRORS\{gpu="5"/.test(line) ? line.replace(/ 0$/, ' 48') : line));
    answerWith(send(damaged.join('\n')));
    await waitFor('the loss', () => fleet.lostGpus.size === 1);
    assert.equal([...fleet.lostGpus.values()][0]?.gpu.index, '3');
    const events = [...fleet.gpus.values()].flatMap(({ index, xidEvents }) =>
      [...(xidEvents ?? [])].filter(([, count]) => count > 0).map(([xid, count]) => [index, xid, count]),
    );
    // GPU 3 had an error 79 from before: that is no event.
    assert.deepEqual(events, [['5', '48', 1]]);
  });
});

describe('an exporter that misbehaves is down for a reason', () => {
  const MB = 1024 * 1024;
  /** Only here the time limit counts; elsewhere a busy machine must not reach it. */
  const NEVER = 'it never answers';
  const cases: readonly (readonly [string, RequestListener, string, RegExp])[] = [
    [NEVER, () => undefined, 'timeout', /no answer within 300ms/],
    [
      'a page for people',
      send('<html>', { 'content-type': 'text/html' }),
      'protocol',
      /answered with text\/html, not text\/plain/,
    ],
    [
      'a page for people that claims to be text',
      send('<html>\n'),
      'protocol',
      /no metrics \(line 1: .*\): is dcgm\.url that of a dcgm-exporter\?/,
    ],
    [
      'metrics of something else',
      send('node_load1 1\n'),
      'protocol',
      /has metrics, but none of a GPU: is dcgm\.url that/,
    ],
    ['nothing', send(''), 'protocol', /empty page: it measures first some 30 s after its start/],
    ['50 MB', send(Buffer.alloc(50 * MB, 'a 1\n')), 'protocol', /the answer is over 8388608 bytes/],
    [
      '50 MB packed',
      send(gzipSync(Buffer.alloc(50 * MB)), { 'content-encoding': 'gzip' }),
      'protocol',
      /over 8388608 bytes/,
    ],
    [
      'a redirect',
      (_request, response) => response.writeHead(301, { location: 'http://x/login' }).end(),
      'rejected',
      /redirected to http:\/\/x\/login, which is not followed/,
    ],
    [
      'a demand for a password',
      (_request, response) => response.writeHead(401).end(),
      'permission',
      /status 401/,
    ],
    ['an error', (_request, response) => response.writeHead(500).end('x'), 'rejected', /status 500/],
    [
      'a cut',
      (request, response) => response.write('a 1\n', () => request.socket.destroy()),
      'interrupted',
      /cut off/,
    ],
    ['a hang-up', (request) => request.socket.destroy(), 'interrupted', /GET http/],
  ];
  for (const [what, listener, reason, problem] of cases) {
    it(what, async (test: TestContext) => {
      const { url, answerWith } = await startServer(test, send(CLASSIC));
      const { fleet, health, logLines } = startSource(test, url, what === NEVER ? 300 : 5000);
      await waitFor('the GPUs', () => fleet.gpus.size === 8);
      answerWith(listener);
      await waitFor('the failure', () => health()?.isUp === false);
      assert.match(health()?.problem ?? '', problem);
      assert.equal(Object.entries(health()?.failures ?? {}).find(([, count]) => count > 0)?.[0], reason);
      assert.equal(logLines.filter((line) => line.includes('source is down')).length, 1);
      // The picture stays as it was last seen: no GPU is lost because nobody could look.
      assert.deepEqual([fleet.gpus.size, fleet.lostGpus.size], [8, 0]);
      answerWith(send(NEW));
      await waitFor('the recovery', () => health()?.isUp);
    });
  }

  it('it does not listen', async (test: TestContext) => {
    const { health } = startSource(test, `http://127.0.0.1:${await freePort()}`);
    await waitFor('the failure', () => health()?.isUp === false);
    assert.match(health()?.problem ?? '', /^GET http:\/\/127\.0\.0\.1:\d+\/metrics: connect ECONNREFUSED/);
    assert.equal((health()?.failures.unreachable ?? 0) > 0, true);
  });
});

it('a stop ends a read that hangs, at once', async (test: TestContext) => {
  const { url, underWay } = await startServer(test, () => undefined);
  const { source } = startSource(test, url, 60_000);
  await waitFor('the request', () => underWay() === 1);
  const startMs = performance.now();
  await source.stop();
  await waitFor('the end of its connection', () => underWay() === 0);
  assert.ok(performance.now() - startMs < 1000);
});
