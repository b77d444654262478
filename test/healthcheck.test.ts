import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { describe, it, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { hashSync } from 'bcryptjs';
import { OPEN_ACCESS, type WebAccess } from '../src/config/read-web-file.js';
import { makeCertificate } from './support/certificate.js';
import { serveDoor } from './support/door-server.js';
import { freePort } from './support/free-port.js';
import { startServer } from './support/misbehaving-server.js';
import { tempDir } from './support/temp-dir.js';

const SCRIPT = fileURLToPath(new URL('../src/healthcheck.js', import.meta.url));

function check(port: number | string): Promise<{ readonly code: number; readonly stderr: string }> {
  return new Promise((resolve) => {
    const env = { STAGEWATCH_LISTEN: `0.0.0.0:${port}` };
    execFile(process.execPath, [SCRIPT], { env }, (error, _stdout, stderr) =>
      resolve({ code: error ? Number(error.code) : 0, stderr }),
    );
  });
}

async function tlsAccess(
  test: TestContext,
  clientAuth: 'NoClientCert' | 'RequireAndVerifyClientCert',
): Promise<WebAccess> {
  const { cert, key } = await makeCertificate(await tempDir(test));
  const users = new Map([['ann', hashSync('secret', 4)]]);
  return { ...OPEN_ACCESS, users, tls: { context: { cert, key, ca: cert }, clientAuth, allowedSans: null } };
}

describe('the health check of the image', () => {
  it('needs no secret of a daemon that asks for a token', async (test: TestContext) => {
    const { port } = await serveDoor(test, { readToken: 'reader' });
    assert.deepEqual(await check(port), { code: 0, stderr: '' });
  });

  for (const clientAuth of ['NoClientCert', 'RequireAndVerifyClientCert'] as const) {
    it(`finds a daemon with TLS, users and ${clientAuth}`, async (test: TestContext) => {
      const { port } = await serveDoor(test, { access: await tlsAccess(test, clientAuth) });
      assert.deepEqual(await check(port), { code: 0, stderr: '' });
    });
  }

  it('fails with the reason where nothing listens, or something else does', async (test: TestContext) => {
    const { code, stderr } = await check(await freePort());
    assert.equal(code, 1);
    assert.match(stderr, /ECONNREFUSED/);
    const { url } = await startServer(test, (_request, response) => {
      response.statusCode = 500;
      response.end();
    });
    const broken = await check(new URL(url).port);
    assert.equal(broken.code, 1);
    assert.match(broken.stderr, /answered 500/);
  });
});
