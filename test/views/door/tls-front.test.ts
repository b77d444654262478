import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, it, type TestContext } from 'node:test';
import { promisify } from 'node:util';
import { OPEN_ACCESS, readWebFile, type WebAccess } from '../../../src/config/read-web-file.js';
import { listSans } from '../../../src/views/door/client-sans.js';
import { type Certificate, makeCertificate } from '../../support/certificate.js';
import { ask, serveDoor } from '../../support/door-server.js';
import { tempDir } from '../../support/temp-dir.js';

describe('TLS before the HTTP server', () => {
  const cleanups: (() => unknown)[] = [];
  let folder: string;
  let ours: Certificate;
  let ca: Buffer;
  /** By another authority. */
  let stranger: Certificate;

  before(async () => {
    const scope = { after: (task?: unknown) => void cleanups.push(task as () => unknown) };
    folder = await tempDir(scope);
    ours = await makeCertificate(folder);
    ca = await readFile(ours.caFile);
    stranger = await makeCertificate(await tempDir(scope));
  });
  after(async () => {
    for (const clean of cleanups) await clean();
  });

  function access(tls: string, rest = ''): WebAccess {
    const reading = readWebFile(join(folder, 'web.yml'), (path) =>
      path.endsWith('web.yml')
        ? `tls_server_config: { cert_file: cert.pem, key_file: key.pem, ${tls} }\n${rest}`
        : String(files.get(path) ?? ''),
    );
    assert.ok(reading.kind === 'ok', reading.kind === 'faulty' ? reading.problems.join() : '');
    return reading.access;
  }
  const files = {
    get: (path: string) =>
      ({ 'cert.pem': ours.cert, 'key.pem': ours.key, 'ca.pem': ca })[path.split('/').at(-1) ?? ''],
  };
  const failure = (asked: Promise<unknown>): Promise<string> =>
    asked.then(
      () => 'answered',
      (error: Error & { code?: string }) => error.code ?? error.message,
    );

  it('serves who trusts its authority, and no plain HTTP', async (test: TestContext) => {
    const { port } = await serveDoor(test, { access: access('') });
    const { status, body } = await ask({ port, isTls: true, ca });
    assert.deepEqual([status, body], [200, 'up 1\n']);
    assert.notEqual(await failure(ask({ port, isTls: true })), 'answered', 'an authority that is not known');
    assert.notEqual(await failure(ask({ port })), 'answered');
  });

  it('keeps to the versions of TLS that it is given', async (test: TestContext) => {
    const { port } = await serveDoor(test, { access: access('min_version: TLS13') });
    assert.equal((await ask({ port, isTls: true, ca })).status, 200);
    assert.match(
      await failure(ask({ port, isTls: true, ca, maxVersion: 'TLSv1.2' })),
      /EPROTO|PROTOCOL|ALERT/,
    );
    const older = await serveDoor(test, { access: access('max_version: TLS12') });
    assert.match(
      await failure(ask({ port: older.port, isTls: true, ca, minVersion: 'TLSv1.3' })),
      /EPROTO|PROTOCOL|ALERT/,
    );
  });

  it('keeps to its cipher suites up to TLS 1.2', async (test: TestContext) => {
    const suites = 'cipher_suites: [TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256]';
    const { port } = await serveDoor(test, { access: access(suites) });
    const with12 = (ciphers: string) => ask({ port, isTls: true, ca, maxVersion: 'TLSv1.2', ciphers });
    assert.equal((await with12('ECDHE-RSA-AES128-GCM-SHA256')).status, 200);
    assert.match(await failure(with12('ECDHE-RSA-AES256-GCM-SHA384')), /EPROTO|HANDSHAKE|ALERT/);
    assert.equal((await ask({ port, isTls: true, ca, minVersion: 'TLSv1.3' })).status, 200);
  });

  for (const [type, none, foreign, trusted] of [
    ['NoClientCert', true, true, true],
    ['RequestClientCert', true, true, true],
    ['RequireAnyClientCert', false, true, true],
    ['VerifyClientCertIfGiven', true, false, true],
    ['RequireAndVerifyClientCert', false, false, true],
  ] as const) {
    it(`${type} serves ${[none && 'none', foreign && 'foreign', 'trusted'].filter(Boolean).join(', ')}`, async (test: TestContext) => {
      const authority = type === 'NoClientCert' ? '' : ', client_ca_file: ca.pem';
      const { port } = await serveDoor(test, { access: access(`client_auth_type: ${type}${authority}`) });
      const isServed = async (client: object) =>
        (await failure(ask({ port, isTls: true, ca, ...client }))) === 'answered';
      assert.equal(await isServed({}), none, 'no certificate');
      assert.equal(await isServed({ cert: stranger.cert, key: stranger.key }), foreign, 'a foreign one');
      assert.equal(await isServed({ cert: ours.cert, key: ours.key }), trusted, 'one of the authority');
    });
  }

  it('serves only clients with one of the names that are allowed', async (test: TestContext) => {
    const config = 'client_auth_type: RequireAndVerifyClientCert, client_ca_file: ca.pem';
    const allowed = await serveDoor(test, {
      access: access(`${config}, client_allowed_sans: [other, localhost]`),
    });
    const client = { isTls: true, ca, cert: ours.cert, key: ours.key };
    assert.equal((await ask({ port: allowed.port, ...client })).status, 200);
    const refused = await serveDoor(test, { access: access(`${config}, client_allowed_sans: [local]`) });
    assert.notEqual(await failure(ask({ port: refused.port, ...client })), 'answered');
  });

  it('takes over a new certificate, and TLS itself, without a new start', async (test: TestContext) => {
    const served = await serveDoor(test, {});
    const { port } = served;
    assert.equal((await ask({ port })).status, 200);
    served.settings = { ...served.settings, access: access('') };
    assert.equal((await ask({ port, isTls: true, ca })).status, 200);
    const context = { cert: stranger.cert, key: stranger.key };
    const tls = { context, clientAuth: 'NoClientCert', allowedSans: null } as const;
    served.settings = { ...served.settings, access: { ...OPEN_ACCESS, tls } };
    assert.notEqual(await failure(ask({ port, isTls: true, ca })), 'answered');
    assert.equal((await ask({ port, isTls: true, ca: await readFile(stranger.caFile) })).status, 200);
  });

  it('ends with its server, though a client never ends its handshake', async (test: TestContext) => {
    const ends: (() => unknown)[] = [];
    const { port } = await serveDoor(
      { after: (task?: unknown) => void ends.push(task as () => unknown) },
      { access: access('') },
    );
    const mute = connect(port, '127.0.0.1');
    mute.on('error', () => undefined);
    await new Promise((resolve) => mute.once('connect', resolve));
    test.after(() => mute.destroy());
    await ask({ port, isTls: true, ca });
    const started = performance.now();
    for (const end of ends) await end();
    assert.ok(performance.now() - started < 5000);
  });

  it('is refused when key and certificate do not belong together', () => {
    const reading = readWebFile(join(folder, 'web.yml'), (path) =>
      path.endsWith('web.yml')
        ? 'tls_server_config: { cert_file: cert.pem, key_file: other.pem }'
        : String(path.endsWith('other.pem') ? stranger.key : ours.cert),
    );
    assert.ok(reading.kind === 'faulty');
    assert.match(reading.problems.join(), /tls_server_config: .*key values mismatch/);
  });

  it('reads every kind of name of a certificate', async () => {
    const { stdout } = await promisify(execFile)('openssl', [
      ...['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', '/dev/null', '-subj', '/CN=x'],
      ...['-addext', 'subjectAltName=DNS:one,IP:10.0.0.1,email:a@b.example,URI:spiffe://x/y'],
    ]);
    const { X509Certificate } = await import('node:crypto');
    const names = listSans(new X509Certificate(stdout).subjectAltName);
    assert.deepEqual(names, ['one', '10.0.0.1', 'a@b.example', 'spiffe://x/y']);
    assert.deepEqual(listSans('DNS:"a, DNS:b", DNS:c'), ['a, DNS:b', 'c']);
    assert.deepEqual(listSans(undefined), []);
  });
});
