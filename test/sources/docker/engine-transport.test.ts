import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { promisify } from 'node:util';
import { systemClock } from '../../../src/lib/clock.js';
import { connectDocker } from '../../../src/sources/docker/docker-client.js';
import { findEngineAddress } from '../../../src/sources/docker/engine-address.js';
import { createEngineClock } from '../../../src/sources/docker/engine-clock.js';
import { startFakeEngine } from '../../support/fake-engine.js';
import { findProgram } from '../../support/machine.js';
import { tempDir } from '../../support/temp-dir.js';

const run = promisify(execFile);
const hasOpenssl = findProgram('openssl') !== undefined;

async function makeCertificates(folder: string): Promise<void> {
  const openssl = (...args: string[]) => run('openssl', args, { cwd: folder });
  const self = ['-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'];
  await openssl('req', ...self, '-keyout', 'ca-key.pem', '-out', 'ca.pem', '-subj', '/CN=test');
  for (const name of ['server', 'client']) {
    const key = name === 'client' ? 'key.pem' : 'server-key.pem';
    const cert = name === 'client' ? 'cert.pem' : 'server-cert.pem';
    await openssl(
      'req',
      '-x509',
      '-CA',
      'ca.pem',
      '-CAkey',
      'ca-key.pem',
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:P-256',
      '-nodes',
      '-days',
      '2',
      '-keyout',
      key,
      '-out',
      cert,
      '-subj',
      `/CN=${name}`,
      '-addext',
      'subjectAltName=IP:127.0.0.1',
    );
  }
}

describe('docker client over TLS', {
  skip: hasOpenssl || process.env['CI'] === 'true' ? false : 'no openssl',
}, () => {
  it('shows its certificate and checks that of the engine', async (test) => {
    const folder = await tempDir(test);
    await makeCertificates(folder);
    const pem = (name: string): string => readFileSync(join(folder, name), 'utf8');
    const engine = await startFakeEngine({
      folder,
      tls: {
        key: pem('server-key.pem'),
        cert: pem('server-cert.pem'),
        ca: pem('ca.pem'),
        requestCert: true,
        rejectUnauthorized: true,
      },
    });
    test.after(() => engine.close());
    const connect = (env: Record<string, string>) => {
      const config = {
        host: `https://127.0.0.1:${engine.port}`,
        tls_ca: null,
        tls_cert: null,
        tls_key: null,
      };
      const found = findEngineAddress(config, env);
      assert.ok(found.kind === 'ok');
      return connectDocker({
        address: found.address,
        clock: systemClock,
        timeLimitMs: 5000,
        maxConnections: 1,
        engineClock: createEngineClock(() => undefined),
        signal: new AbortController().signal,
      });
    };
    const client = await connect({ DOCKER_CERT_PATH: folder });
    assert.deepEqual(await client.getJson({ path: '/containers/json', query: { all: 1 } }, 1000), []);
    client.close();
    await assert.rejects(connect({}), 'without certificates');
  });
});
