import assert from 'node:assert/strict';
import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { hashSync } from 'bcryptjs';
import { makeCertificate } from '../support/certificate.js';
import { startDaemon } from '../support/daemon.js';
import { ask } from '../support/door-server.js';
import { skipWithout } from '../support/machine.js';
import { startRealPrometheus } from '../support/real-prometheus.js';
import { tempDir } from '../support/temp-dir.js';
import { waitFor } from '../support/wait-for.js';

describe('the daemon behind its own door', { skip: skipWithout('prometheus') }, () => {
  it('is scraped by a Prometheus with its tls_config and basic_auth, and takes over what changes', async (test) => {
    const folder = await tempDir(test);
    const { caFile } = await makeCertificate(folder);
    const ca = await readFile(caFile);
    const webFile = join(folder, 'web.yml');
    const webYaml = (password: string) => `tls_server_config:
  cert_file: cert.pem
  key_file: key.pem
  client_ca_file: ca.pem
  client_auth_type: RequireAndVerifyClientCert
basic_auth_users:
  prometheus: ${hashSync(password, 10)}
http_server_config:
  headers: { Strict-Transport-Security: max-age=60 }
`;
    await writeFile(webFile, webYaml('first'));
    const daemon = await startDaemon({
      folder,
      config: `docker: { enabled: false }\nweb: { config_file: web.yml }\n`,
    });
    test.after(() => daemon.stop());
    const { protocol, port, host } = new URL(daemon.url);
    assert.equal(protocol, 'https:');
    const prometheusConfig = (password: string) => `global: { scrape_interval: 200ms, scrape_timeout: 200ms }
scrape_configs:
  - job_name: stagewatch
    scheme: https
    static_configs: [{ targets: ['${host}'] }]
    tls_config: { ca_file: ${caFile}, cert_file: ${join(folder, 'cert.pem')}, key_file: ${join(folder, 'key.pem')} }
    basic_auth: { username: prometheus, password: ${password} }
`;
    const prometheus = await startRealPrometheus(folder, prometheusConfig('first'), [
      '--web.enable-lifecycle',
    ]);
    test.after(() => prometheus.stop());
    const upIs = (value: number) =>
      waitFor(`up to be ${value}`, async () => (await prometheus.query('up'))[0]?.value === value, 20_000);
    await upIs(1);

    const client = {
      port: Number(port),
      isTls: true,
      ca,
      cert: await readFile(join(folder, 'cert.pem')),
      key: await readFile(join(folder, 'key.pem')),
    };
    const statusFor = async (password: string) =>
      (await ask({ ...client, auth: `prometheus:${password}` })).status;
    assert.equal(await statusFor('first'), 200);
    assert.equal(await statusFor('second'), 401);

    // A new password, by a rename as secrets are changed.
    await writeFile(join(folder, 'next.yml'), webYaml('second'));
    await rename(join(folder, 'next.yml'), webFile);
    // Asked for once it is in force: guesses before would hold its address up.
    await waitFor(
      'the new file',
      () => daemon.log.some(({ msg }) => msg === 'web configuration reloaded'),
      20_000,
    );
    assert.equal(await statusFor('second'), 200);
    assert.equal(await statusFor('first'), 401);
    await upIs(0);
    await writeFile(join(folder, 'prometheus.yml'), prometheusConfig('second'));
    await fetch(`${prometheus.url}/-/reload`, { method: 'POST' });
    await upIs(1);

    // A bad one changes nothing, and is named.
    await writeFile(webFile, 'basic_auth_users: { prometheus: second }\n');
    const refused = await waitFor(
      'the refusal',
      () =>
        daemon.log.find(({ msg }) => msg === 'web configuration refused, the last good one stays in force'),
      20_000,
    );
    assert.match(String(refused['problem']), /basic_auth_users\.prometheus: expected a bcrypt hash/);
    assert.doesNotMatch(JSON.stringify(daemon.log), /"second"|: second/);
    assert.equal(await statusFor('second'), 200);
    const page = (await ask({ ...client, auth: 'prometheus:second' })).body;
    assert.match(page, /^stagewatch_config_last_reload_successful 0$/m);
    assert.match(page, /^stagewatch_http_unauthorized_total [1-9]/m);
    await writeFile(webFile, webYaml('second'));
    await waitFor(
      'the good one',
      async () => /_reload_successful 1$/m.test((await ask({ ...client, auth: 'prometheus:second' })).body),
      20_000,
    );
    assert.equal(await daemon.stop(), 0);
  });
});
