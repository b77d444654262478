import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, it, type TestContext } from 'node:test';
import { hashSync } from 'bcryptjs';
import { runCommandLine } from '../../src/cli/program.js';
import { OPEN_ACCESS, type WebAccess } from '../../src/config/read-web-file.js';
import { makeCertificate } from '../support/certificate.js';
import { type DoorServer, serveDoor } from '../support/door-server.js';
import { tempDir } from '../support/temp-dir.js';

interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

async function run(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Ran> {
  let out = '';
  let err = '';
  const code = await runCommandLine(args, {
    env,
    version: '1.2.3',
    isTerminal: false,
    write: (text) => {
      out += text;
    },
    writeError: (text) => {
      err += text;
    },
    onSignal: () => undefined,
  });
  return { code, out, err };
}

describe('a command to a daemon behind its door', () => {
  const cleanups: (() => unknown)[] = [];
  const scope = { after: (task?: unknown) => void cleanups.push(task as () => unknown) };
  let folder: string;
  let certificates: WebAccess;
  const file = (name: string): string => join(folder, name);

  before(async () => {
    folder = await tempDir(scope);
    const { cert, key, caFile } = await makeCertificate(folder);
    const users = new Map([['ann', hashSync('se:cret', 4)]]);
    const context = { cert, key, ca: await readFile(caFile) };
    const tls = { context, clientAuth: 'RequireAndVerifyClientCert', allowedSans: null } as const;
    certificates = { ...OPEN_ACCESS, users, tls };
    await writeFile(file('user'), 'ann:se:cret\n');
    await writeFile(file('token'), 'actor\n');
    await writeFile(file('read-token'), 'reader\n');
  });
  after(async () => {
    for (const clean of cleanups) await clean();
  });

  const tlsArgs = () => [
    ...['--ca-file', file('ca.pem'), '--cert-file', file('cert.pem'), '--key-file', file('key.pem')],
  ];
  const urlOf = ({ port, settings }: DoorServer): string =>
    `${settings.access.tls ? 'https' : 'http'}://127.0.0.1:${port}`;
  const isRead = ({ code, out }: Ran): boolean => code !== 3 && out.includes('"sentence"');

  it('reads with certificates and a user, from files or the environment', async (test: TestContext) => {
    const served = await serveDoor(test, { access: certificates });
    const status = ['status', '--json', '--url', urlOf(served)];
    assert.ok(isRead(await run([...status, ...tlsArgs(), '--user-file', file('user')])));
    const env = {
      STAGEWATCH_CA_FILE: file('ca.pem'),
      STAGEWATCH_CERT_FILE: file('cert.pem'),
      STAGEWATCH_KEY_FILE: file('key.pem'),
      STAGEWATCH_USER_FILE: file('user'),
    };
    assert.ok(isRead(await run(status, env)));
    assert.ok(
      isRead(await run(status, { ...env, STAGEWATCH_USER_FILE: '', STAGEWATCH_USER: 'ann:se:cret' })),
    );

    const stranger = await run([...status, '--user-file', file('user')]);
    assert.equal(stranger.code, 3);
    assert.match(stranger.err, /name the certificate of its authority with --ca-file/);
    const unknown = await run([...status, ...tlsArgs()]);
    assert.equal(unknown.code, 3);
    assert.match(unknown.err, /give --user-file \(user:password\) or --token-file/);
  });

  it('acts with the token beside the user', async (test: TestContext) => {
    const served = await serveDoor(test, { access: certificates, bearerToken: 'actor' });
    const restart = ['restart', 'nothing-0', '--url', urlOf(served), ...tlsArgs()];
    const user = ['--user-file', file('user')];
    const asked = await run([...restart, ...user, '--token-file', file('token')]);
    assert.match(asked.err, /no worker's container is called nothing-0/);
    const env = { STAGEWATCH_WEB_BEARER_TOKEN: 'actor' };
    assert.match((await run([...restart, ...user], env)).err, /no worker's container/);
    assert.match((await run(restart, env)).err, /no worker's container/, 'the token alone is enough');
    assert.match((await run([...restart, ...user])).err, /this needs the daemon's token/);
    const wrong = await run([...restart, ...user, '--token-file', file('read-token')]);
    assert.match(wrong.err, /the bearer token is missing or wrong/);
  });

  it('reads with the read token, or with that for acting', async (test: TestContext) => {
    const served = await serveDoor(test, { readToken: 'reader', bearerToken: 'actor' });
    const status = ['status', '--json', '--url', urlOf(served)];
    assert.ok(isRead(await run([...status, '--token-file', file('read-token')])));
    assert.ok(isRead(await run(status, { STAGEWATCH_WEB_READ_TOKEN_FILE: file('read-token') })));
    assert.ok(isRead(await run(status, { STAGEWATCH_WEB_BEARER_TOKEN: 'actor' })));
    assert.equal((await run(status)).code, 3);
    const listed = await run(['silence', 'list', '--url', urlOf(served), '-t', file('read-token')]);
    assert.match(listed.err, /knows no silences/, 'it got in: this server has none');
  });

  it('takes user and password of the URL too, and never repeats a secret', async (test: TestContext) => {
    const users = new Map([['ann', hashSync('secret', 4)]]);
    const { port } = await serveDoor(test, { access: { ...OPEN_ACCESS, users } });
    assert.ok(isRead(await run(['status', '--json', '--url', `http://ann:secret@127.0.0.1:${port}`])));
    const wrong = await run(['status', '--url', `http://ann:secrex@127.0.0.1:${port}`]);
    assert.equal(wrong.code, 3);
    assert.doesNotMatch(wrong.err, /secrex/);
  });

  it('says which file has nothing to read', async () => {
    const missing = await run(['status', '--user-file', '/nowhere']);
    assert.match(missing.err, /cannot read the user from \/nowhere: no such file/);
    await writeFile(file('bad-user'), 'ann\n');
    assert.match((await run(['status', '--user-file', file('bad-user')])).err, /expected user:password/);
  });

  it('report asks a Prometheus that has a door of its own', async (test: TestContext) => {
    const served = await serveDoor(test, { access: certificates });
    const report = ['report', '--prometheus', urlOf(served), ...tlsArgs()];
    const asked = await run([...report, '--user-file', file('user')]);
    assert.match(asked.err, /status 404/, 'it got in, to something that is no Prometheus');
    assert.match((await run(report, { STAGEWATCH_USER_FILE: file('user') })).err, /status 401/);
  });
});
