import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { doorSettingsOf } from '../../../src/app/door-settings.js';
import { OPEN_ACCESS } from '../../../src/config/read-web-file.js';
import { configSchema } from '../../../src/config/schema.js';
import { isKnownHost, isOwnOrigin } from '../../../src/views/door/hosts.js';

function settings(config: object = {}) {
  return doorSettingsOf(configSchema.parse(config), OPEN_ACCESS);
}

describe('the host that a request names', () => {
  const { hosts } = settings({
    listen: 'gpu1.lan:9847',
    web: { external_url: 'https://watch.example.com/gpu1', allowed_hosts: ['*.svc', 'Scrape.Example.net'] },
    alerts: { external_url: 'http://mail.example.com:8080' },
  });

  for (const host of [
    '127.0.0.1:9847',
    '127.0.0.1',
    'localhost:9847',
    'LOCALHOST.:9847',
    'a.localhost',
    '[::1]:9847',
    '192.168.1.7:9847',
    '[fe80::1]:80',
    'stagewatch:9847',
    '3f1c2b9d8e7a:9847',
    'gpu1.lan:9847',
    'watch.example.com',
    'mail.example.com',
    'x.monitoring.svc:9847',
    'scrape.example.net:9847',
    undefined,
  ]) {
    it(`is ours: ${host}`, () => assert.ok(isKnownHost(host, hosts)));
  }

  for (const host of [
    'evil.example',
    'evil.example:9847',
    'watch.example.com.evil.example',
    'localhost.evil.example',
    '127.0.0.1.evil.example',
    'evil.example#localhost',
    'user@localhost',
    'localhost:9847, evil.example',
    'a b',
    '',
    ':9847',
    '[::1',
    '[evil.example]',
    'svc.evil.example',
  ]) {
    it(`is not ours: ${host}`, () => assert.ok(!isKnownHost(host, hosts)));
  }

  it('is the name of the machine', async () => {
    const { hostname } = await import('node:os');
    assert.ok(isKnownHost(`${hostname()}:9847`, settings().hosts));
  });

  it('may be any where the operator says so', () => {
    assert.ok(isKnownHost('evil.example', settings({ web: { allowed_hosts: '*' } }).hosts));
  });
});

describe('the origin of a POST', () => {
  const { externalOrigins } = settings({ web: { external_url: 'https://watch.example.com/gpu1' } });

  for (const [origin, host, isOwn] of [
    [undefined, 'localhost:9847', true],
    ['http://localhost:9847', 'localhost:9847', true],
    ['https://gpu1', 'gpu1:443', true],
    ['http://gpu1', 'gpu1:80', true],
    ['https://watch.example.com', '127.0.0.1:9847', true],
    ['http://watch.example.com', '127.0.0.1:9847', false],
    ['http://localhost:3000', 'localhost:9847', false],
    ['http://127.0.0.1:9847', 'localhost:9847', false],
    ['https://evil.example', 'localhost:9847', false],
    ['null', 'localhost:9847', false],
    ['', 'localhost:9847', false],
    ['http://localhost:9847', undefined, false],
  ] as const) {
    it(`${origin} to ${host} is ${isOwn ? 'its own' : 'foreign'}`, () => {
      assert.equal(isOwnOrigin(origin, host, externalOrigins), isOwn);
    });
  }
});
