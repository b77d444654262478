import assert from 'node:assert/strict';
import { request } from 'node:http';
import { after, before, describe, it } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { createLogger } from '../../src/lib/logger.js';
import { createHttpServer, type HttpServer } from '../../src/views/http-server.js';
import { containerFacts, fleetOf, NOW_MS } from '../support/build-fleet.js';
import { createFakeClock } from '../support/fake-clock.js';
import { NO_RECOVERY } from '../support/no-recovery.js';
import { NO_VERDICTS } from '../support/no-verdicts.js';
import { openDoor } from '../support/open-door.js';

describe('the HTTP server', () => {
  const store = fleetOf(containerFacts('paddle-worker-gpu1-0'), containerFacts('<b>-worker-gpu1-0'));
  const page = Buffer.from('# HELP a b\n# TYPE a gauge\na 1\n');
  let server: HttpServer;
  let url: string;
  let token: string | null = 'right';
  let reloads = 0;
  let isRenderBroken = false;

  before(async () => {
    server = createHttpServer({
      recovery: NO_RECOVERY,
      verdicts: () => NO_VERDICTS,
      journal: {
        newest: ({ limit, types }) => [
          { at: '2026-01-31T08:00:00.000Z', type: types?.[0] ?? 'failure', limit },
        ],
      },
      fleet: store.fleet,
      clock: createFakeClock(NOW_MS),
      log: createLogger({ level: 'silent', format: 'json', write: () => undefined }),
      version: '1.2.3',
      metrics: {
        contentType: 'text/plain; version=0.0.4; charset=utf-8',
        render: () => (isRenderBroken ? Promise.reject(new Error('broken')) : Promise.resolve(page)),
      },
      ...openDoor(() => token),
      reload() {
        reloads++;
        return Promise.resolve(reloads > 1 ? { problem: 'stagewatch.yaml:1:1 listen: no' } : {});
      },
    });
    const { port } = await server.listen({ host: '127.0.0.1', port: 0 });
    url = `http://127.0.0.1:${port}`;
  });
  after(() => server.close());

  /** Without fetch's own decompression. */
  function raw(path: string, method: string, headers: Record<string, string>) {
    return new Promise<{ status: number; headers: NodeJS.Dict<string | string[]>; body: Buffer }>(
      (resolve, reject) => {
        request(`${url}${path}`, { method, headers }, (response) => {
          const chunks: Buffer[] = [];
          response.on('data', (chunk: Buffer) => chunks.push(chunk));
          response.on('end', () =>
            resolve({
              status: response.statusCode ?? 0,
              headers: response.headers,
              body: Buffer.concat(chunks),
            }),
          );
        })
          .on('error', reject)
          .end();
      },
    );
  }

  it('serves the journal as asked, and names a parameter that is none', async () => {
    const asked = async (query: string): Promise<{ status: number; body: Record<string, unknown> }> => {
      const response = await fetch(`${url}/api/v1/journal${query}`);
      return { status: response.status, body: (await response.json()) as Record<string, unknown> };
    };
    const { body } = await asked('?limit=7&type=finding_opened');
    assert.deepEqual(body['data'], [{ at: '2026-01-31T08:00:00.000Z', type: 'finding_opened', limit: 7 }]);
    for (const [query, problem] of [
      ['?limit=0', /^limit: expected a whole number from 1 to 5000/],
      ['?since=yesterday', /^since: expected a time like/],
      ['?type=gossip', /^type: expected some of daemon_started/],
    ] as const) {
      const refused = await asked(query);
      assert.equal(refused.status, 400);
      assert.match(String(refused.body['error']), problem);
    }
  });

  it('serves metrics in the type that Prometheus 3 insists on', async () => {
    const { status, headers, body } = await raw('/metrics', 'GET', {});
    assert.equal(status, 200);
    assert.equal(headers['content-type'], 'text/plain; version=0.0.4; charset=utf-8');
    assert.equal(headers['content-encoding'], undefined);
    assert.deepEqual(body, page);
  });

  it('compresses metrics when asked', async () => {
    const { headers, body } = await raw('/metrics', 'GET', { 'accept-encoding': 'gzip' });
    assert.equal(headers['content-encoding'], 'gzip');
    assert.deepEqual(gunzipSync(body), page);
  });

  it('answers HEAD with headers only', async () => {
    const { status, headers, body } = await raw('/metrics', 'HEAD', {});
    assert.equal(status, 200);
    assert.equal(headers['content-type'], 'text/plain; version=0.0.4; charset=utf-8');
    assert.equal(body.length, 0);
  });

  it('says that it is healthy and ready', async () => {
    assert.equal((await fetch(`${url}/-/healthy`)).status, 200);
    assert.equal(await (await fetch(`${url}/-/ready`)).text(), 'stagewatch is ready.\n');
  });

  it('is not ready before the first full picture, and says what is missing', async () => {
    store.apply({ kind: 'source-watched', source: 'docker', target: 'unix:///d.sock' });
    const fresh = fleetOf();
    const problem = 'no socket at unix:///d.sock';
    const unread = new Map([...fresh.fleet.sources].map(([name, health]) => [name, { ...health, problem }]));
    for (const health of unread.values()) Reflect.deleteProperty(health, 'lastSuccessAtMs');
    const { missingForReadiness } = await import('../../src/views/readiness.js');
    assert.deepEqual(missingForReadiness({ ...fresh.fleet, sources: unread }), [
      `docker (unix:///d.sock): ${problem}`,
    ]);
  });

  it('gives the fleet in an envelope, times in ISO 8601', async () => {
    const answer = (await (await fetch(`${url}/api/v1/fleet`)).json()) as {
      status: string;
      data: { at: string; containers: { container: string; startedAt: string; stage: string }[] };
    };
    assert.equal(answer.status, 'success');
    assert.equal(answer.data.at, new Date(NOW_MS).toISOString());
    const [worker] = answer.data.containers;
    assert.equal(worker?.container, 'paddle-worker-gpu1-0');
    assert.equal(worker?.stage, 'paddle-worker');
    assert.equal(worker?.startedAt, new Date(NOW_MS - 50_000).toISOString());
  });

  it('gives the page its picture and the last hour, compressed when asked', async () => {
    const { headers, body } = await raw('/api/v1/picture', 'GET', { 'accept-encoding': 'gzip' });
    assert.equal(headers['content-encoding'], 'gzip');
    const picture = JSON.parse(gunzipSync(body).toString()) as {
      data: { at: string; version: string; canAct: boolean; containers: { container: string }[] };
    };
    assert.deepEqual(
      [picture.data.at, picture.data.version, picture.data.canAct],
      [new Date(NOW_MS).toISOString(), '1.2.3', true],
    );
    assert.equal(picture.data.containers[0]?.container, 'paddle-worker-gpu1-0');
    const plain = await raw('/api/v1/history', 'GET', {});
    assert.equal(plain.headers['content-encoding'], undefined);
    assert.deepEqual(JSON.parse(plain.body.toString()), {
      status: 'success',
      data: { stepMs: 15_000, times: [NOW_MS], queues: {}, stages: {} },
    });
  });

  it('links everything from the page', async () => {
    const response = await fetch(`${url}/`);
    const html = await response.text();
    for (const path of ['/metrics', '/api/v1/fleet', '/-/ready', '/-/healthy'])
      assert.ok(html.includes(`href="${path}"`));
    assert.match(response.headers.get('content-security-policy') ?? '', /default-src 'none'/);
    assert.equal(response.headers.get('x-powered-by'), null);
  });

  const post = (headers: Record<string, string> = {}) =>
    fetch(`${url}/-/reload`, { method: 'POST', headers });

  it('reloads only with the right token, and tells what was refused', async () => {
    assert.equal((await post()).status, 401);
    assert.equal((await post({ authorization: 'Bearer wrong' })).status, 401);
    assert.equal(reloads, 0);
    assert.equal((await post({ authorization: 'Bearer right' })).status, 200);
    const refused = await post({ authorization: 'Bearer right' });
    assert.equal(refused.status, 400);
    assert.deepEqual(await refused.json(), {
      status: 'error',
      errorType: 'bad_data',
      error: 'stagewatch.yaml:1:1 listen: no',
    });
    token = null;
    const forbidden = await post({ authorization: 'Bearer right' });
    assert.equal(forbidden.status, 403);
    assert.match(((await forbidden.json()) as { error: string }).error, /set web\.bearer_token/);
  });

  it('answers what it does not have, and what failed, in the same envelope', async () => {
    const missing = await fetch(`${url}/nowhere`);
    assert.equal(missing.status, 404);
    assert.equal(((await missing.json()) as { errorType: string }).errorType, 'not_found');
    isRenderBroken = true;
    const broken = await fetch(`${url}/metrics`);
    assert.equal(broken.status, 500);
    assert.doesNotMatch(await broken.text(), /broken/);
  });

  it('tells a port that is in use by its code', async () => {
    const other = createHttpServer({
      recovery: NO_RECOVERY,
      verdicts: () => NO_VERDICTS,
      journal: {
        newest: ({ limit, types }) => [
          { at: '2026-01-31T08:00:00.000Z', type: types?.[0] ?? 'failure', limit },
        ],
      },
      fleet: store.fleet,
      clock: createFakeClock(),
      log: createLogger({ level: 'silent', format: 'json', write: () => undefined }),
      version: '',
      metrics: { contentType: '', render: () => Promise.resolve(page) },
      ...openDoor(() => null),
      reload: () => Promise.resolve({}),
    });
    const { hostname, port } = new URL(url);
    await assert.rejects(other.listen({ host: hostname, port: Number(port) }), { code: 'EADDRINUSE' });
  });
});
