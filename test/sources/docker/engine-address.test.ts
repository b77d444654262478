import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { findEngineAddress } from '../../../src/sources/docker/engine-address.js';

const NOTHING = { host: null, tls_ca: null, tls_cert: null, tls_key: null };

describe('engine address', () => {
  const cases: readonly [string, typeof NOTHING | object, Record<string, string>, object][] = [
    ['is the local socket by default', {}, {}, { target: 'unix:///var/run/docker.sock', protocol: 'http' }],
    [
      'is DOCKER_HOST when nothing is configured',
      {},
      { DOCKER_HOST: 'unix:///run/d.sock' },
      { socketPath: '/run/d.sock' },
    ],
    [
      'is the configured one although DOCKER_HOST is set',
      { host: 'unix:///a.sock' },
      { DOCKER_HOST: 'tcp://other:2375' },
      { socketPath: '/a.sock' },
    ],
    [
      'speaks plainly to tcp',
      { host: 'tcp://proxy:2375' },
      {},
      { protocol: 'http', host: 'proxy', port: 2375 },
    ],
    ['takes 2375 where no port is given', { host: 'tcp://proxy' }, {}, { protocol: 'http', port: 2375 }],
    ['speaks TLS to https', { host: 'https://far' }, {}, { protocol: 'https', port: 2376 }],
    ['speaks TLS on 2376', { host: 'tcp://far:2376' }, {}, { protocol: 'https' }],
    [
      'speaks TLS where Docker is told to verify',
      { host: 'tcp://far:9' },
      { DOCKER_TLS_VERIFY: '1' },
      { protocol: 'https' },
    ],
    [
      'takes certificates from DOCKER_CERT_PATH',
      { host: 'tcp://far:2376' },
      { DOCKER_CERT_PATH: '/certs' },
      { tls: { ca: '/certs/ca.pem', cert: '/certs/cert.pem', key: '/certs/key.pem' } },
    ],
    ['takes IPv6 hosts', { host: 'tcp://[::1]:2375' }, {}, { host: '::1', port: 2375 }],
    ['hides credentials', { host: 'tcp://user:secret@proxy:2375' }, {}, { target: 'tcp://proxy:2375' }],
  ];
  for (const [name, config, env, expected] of cases) {
    it(name, () => {
      const found = findEngineAddress({ ...NOTHING, ...config }, env);
      assert.ok(found.kind === 'ok');
      for (const [key, value] of Object.entries(expected)) {
        assert.deepEqual(found.address[key as keyof typeof found.address], value);
      }
    });
  }

  it('refuses ssh with a remedy that names the variable', () => {
    const found = findEngineAddress(NOTHING, { DOCKER_HOST: 'ssh://me@far' });
    assert.deepEqual(found, {
      kind: 'faulty',
      problem: 'DOCKER_HOST: expected unix://, tcp:// or https:// (for ssh, forward the socket: ssh -L)',
    });
  });
});
