import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { hashSync } from 'bcryptjs';
import { OPEN_ACCESS, type WebAccess } from '../../../src/config/read-web-file.js';
import { ask, serveDoor } from '../../support/door-server.js';

const withUsers: WebAccess = { ...OPEN_ACCESS, users: new Map([['ann', hashSync('secret', 4)]]) };
const basic = (user: string, password: string) =>
  `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;

const READ_PATHS = [
  '/',
  '/metrics',
  '/-/ready',
  '/api/v1/fleet',
  '/api/v1/events',
  '/page/main.js',
  '/nothing',
];

describe('who may read', () => {
  it('is everyone where nothing is configured, whatever they show', async (test: TestContext) => {
    const { port, counts } = await serveDoor(test, {});
    assert.equal((await ask({ port })).status, 200);
    assert.equal((await ask({ port, headers: { authorization: 'Bearer ' } })).status, 200);
    assert.equal((await ask({ port, headers: { authorization: basic('a', 'b') } })).status, 200);
    assert.equal(counts.unauthorized, 0);
  });

  it('is a user of the web configuration file, on every path but the health check', async (test: TestContext) => {
    const { port, counts } = await serveDoor(test, { access: withUsers });
    for (const path of READ_PATHS) {
      const { status, headers } = await ask({ port, path });
      assert.equal(status, 401, path);
      assert.equal(headers['www-authenticate'], 'Basic realm="stagewatch", charset="UTF-8"');
    }
    assert.equal(counts.unauthorized, READ_PATHS.length);
    assert.equal((await ask({ port, path: '/-/healthy' })).status, 200);
    assert.equal((await ask({ port, headers: { authorization: basic('ann', 'secret') } })).status, 200);
    for (const wrong of [
      basic('ann', 'other'),
      basic('eve', 'secret'),
      basic('', ''),
      'Basic !',
      'Bearer secret',
    ])
      assert.equal((await ask({ port, headers: { authorization: wrong } })).status, 401, wrong);
  });

  it('is nobody who guesses many at once: of those under way none is free', async (test: TestContext) => {
    const { port } = await serveDoor(test, { access: withUsers });
    const guesses = Array.from({ length: 30 }, (_, index) =>
      ask({ port, headers: { authorization: basic('ann', `guess ${index}`) } }),
    );
    const statuses = (await Promise.all(guesses)).map(({ status }) => status);
    assert.ok(statuses.filter((status) => status === 401).length <= 11, statuses.join(' '));
    assert.ok(statuses.includes(429));
  });

  it('is who has the read token, as bearer or as the password of a browser', async (test: TestContext) => {
    const { port } = await serveDoor(test, { readToken: 'reader', bearerToken: 'actor' });
    const statusOf = async (headers: Record<string, string>) => (await ask({ port, headers })).status;
    assert.equal(await statusOf({}), 401);
    assert.equal(await statusOf({ authorization: 'Bearer reader' }), 200);
    assert.equal(await statusOf({ authorization: 'bearer  actor' }), 200);
    assert.equal(await statusOf({ 'x-stagewatch-token': 'reader' }), 200);
    assert.equal(await statusOf({ authorization: basic('anyone', 'reader') }), 200);
    assert.equal(await statusOf({ authorization: 'Bearer reade' }), 401);
    assert.equal(await statusOf({ authorization: 'Bearer' }), 401);
  });

  it('changes with the settings, at the next request', async (test: TestContext) => {
    const served = await serveDoor(test, {});
    assert.equal((await ask({ port: served.port })).status, 200);
    served.settings = { ...served.settings, readToken: 'reader' };
    assert.equal((await ask({ port: served.port })).status, 401);
  });
});

describe('who may act', () => {
  const post = (port: number, headers: Record<string, string>, path = '/-/reload') =>
    ask({ port, path, method: 'POST', headers }).then(({ status }) => status);

  it('is who has the bearer token, whoever may read', async (test: TestContext) => {
    const { port } = await serveDoor(test, { readToken: 'reader', bearerToken: 'actor', access: withUsers });
    assert.equal(await post(port, {}), 401);
    assert.equal(await post(port, { authorization: 'Bearer reader' }), 401);
    assert.equal(await post(port, { authorization: basic('ann', 'secret') }), 401);
    assert.equal(
      await post(port, { authorization: basic('ann', 'actor') }),
      401,
      'a browser sends it by itself',
    );
    assert.equal(await post(port, { authorization: 'Bearer actor' }), 200);
    const both = { authorization: basic('ann', 'secret'), 'x-stagewatch-token': 'actor' };
    assert.equal(await post(port, both), 200, 'as the page does it behind basic auth');
    assert.equal(await post(port, { ...both, 'x-stagewatch-token': 'other' }), 401);
  });

  it('is no page of another origin, even with the right token', async (test: TestContext) => {
    const { port } = await serveDoor(test, {
      bearerToken: 'actor',
      externalOrigins: new Set(['https://watch.example.com']),
    });
    const authorization = 'Bearer actor';
    for (const origin of ['https://evil.example', 'null', `http://localhost:${port}`])
      assert.equal(await post(port, { authorization, origin }), 403, origin);
    for (const origin of [`http://127.0.0.1:${port}`, 'https://watch.example.com'])
      assert.equal(await post(port, { authorization, origin }), 200, origin);
  });

  it('is slowed after ten wrong tokens, but not who has shown the right one', async (test: TestContext) => {
    const { port, counts } = await serveDoor(test, { bearerToken: 'actor' });
    assert.equal(await post(port, { authorization: 'Bearer actor' }), 200);
    const guesses = await Promise.all(
      Array.from({ length: 30 }, (_, count) => post(port, { authorization: `Bearer guess${count}` })),
    );
    assert.equal(guesses.filter((status) => status === 401).length, 10);
    assert.equal(guesses.filter((status) => status === 429).length, 20);
    assert.equal(counts.unauthorized, 30);
    const late = await ask({
      port,
      path: '/-/reload',
      method: 'POST',
      headers: { authorization: 'Bearer x' },
    });
    assert.equal(late.headers['retry-after'], '2');
    assert.equal(await post(port, { authorization: 'Bearer actor' }), 200);
    assert.equal((await ask({ port })).status, 200, 'reading is open');
  });
});

describe('what every answer has to do with', () => {
  it('a host that is not ours is answered with 421 on every path', async (test: TestContext) => {
    const { port, foreignHosts } = await serveDoor(test, { bearerToken: 'actor' });
    for (const path of ['/', '/metrics', '/-/healthy', '/api/v1/fleet']) {
      const headers = { host: 'evil.example', authorization: 'Bearer actor' };
      const { status, body } = await ask({ port, path, headers });
      assert.equal(status, 421, path);
      assert.match(body, /web\.allowed_hosts/);
      assert.doesNotMatch(body, /evil|up 1/);
    }
    assert.equal(foreignHosts.length, 4);
    assert.equal((await ask({ port, headers: { host: 'stagewatch:9847' } })).status, 200);
  });

  it('the headers of the web configuration file win over ours', async (test: TestContext) => {
    const headers = new Map([
      ['Strict-Transport-Security', 'max-age=3600'],
      ['X-Frame-Options', 'deny'],
    ]);
    const { port } = await serveDoor(test, { access: { ...OPEN_ACCESS, headers } });
    const answered = await ask({ port });
    assert.equal(answered.headers['strict-transport-security'], 'max-age=3600');
    assert.equal(answered.headers['x-frame-options'], 'deny');
  });

  it('a rate limit of the web configuration file', async (test: TestContext) => {
    const access = { ...OPEN_ACCESS, rateLimit: { intervalMs: 60_000, burst: 3 } };
    const { port } = await serveDoor(test, { access });
    const statuses: number[] = [];
    for (let count = 0; count < 5; count++) statuses.push((await ask({ port })).status);
    assert.deepEqual(statuses, [200, 200, 200, 429, 429]);
  });
});
