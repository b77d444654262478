import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { renderFault } from '../../src/config/config-fault.js';
import { loadConfig } from '../../src/config/load-config.js';
import { readWebFile } from '../../src/config/read-web-file.js';
import { parseWebFile, type WebFile } from '../../src/config/web-file.js';

const HASH = '$2y$10$X0h1gDsPszWURQaxFh.zoubFi6DXncSjhoQNJgRrnGs7EsimhC7zG';
const TLS = 'cert_file: server.crt, key_file: server.key';

function parse(yaml: string): WebFile {
  const reading = parseWebFile(yaml);
  assert.ok(reading.kind === 'ok', reading.kind === 'faulty' ? reading.problems.join('\n') : '');
  return reading.file;
}

function problemsOf(yaml: string): string {
  const reading = parseWebFile(yaml);
  return reading.kind === 'faulty' ? reading.problems.join('; ') : 'none';
}

describe('a web configuration file', () => {
  it('may be empty, or have TLS, users, headers and a rate limit alone', () => {
    assert.deepEqual(parse(''), { tls: null, headers: new Map(), users: new Map(), rateLimit: null });
    const users = parse(`basic_auth_users: { alice: ${HASH}, 7: ${HASH} }`);
    assert.deepEqual([...users.users.keys()], ['7', 'alice']);
    assert.equal(users.tls, null);
    const { headers } = parse(
      'http_server_config: { http2: false, headers: { X-Frame-Options: deny, X-XSS-Protection: 1, Content-Security-Policy: "" } }',
    );
    assert.deepEqual(
      [...headers],
      [
        ['X-Frame-Options', 'deny'],
        ['X-XSS-Protection', '1'],
      ],
    );
    assert.deepEqual(parse('rate_limit: { interval: 1m0.5s, burst: 20 }').rateLimit, {
      intervalMs: 60_500,
      burst: 20,
    });
    assert.equal(parse('rate_limit: { interval: 0, burst: 20 }').rateLimit, null);
    assert.equal(parse('tls_server_config:\nbasic_auth_users:\n').tls, null);
  });

  it('takes TLS with the defaults of the toolkit', () => {
    assert.deepEqual(parse(`tls_server_config: { ${TLS} }`).tls, {
      cert: { file: 'server.crt' },
      key: { file: 'server.key' },
      clientCa: null,
      clientAuth: 'NoClientCert',
      allowedSans: null,
      ciphers: null,
      curves: null,
      minVersion: 'TLSv1.2',
      maxVersion: 'TLSv1.3',
      prefersServerCiphers: true,
    });
  });

  it('takes inline PEM, client certificates, versions, suites and curves', () => {
    const { tls } = parse(`tls_server_config:
  cert: CERT
  key: KEY
  client_ca: CA
  client_auth_type: RequireClientCert
  client_allowed_sans: [one]
  min_version: TLS13
  max_version: TLS13
  prefer_server_cipher_suites: false
  cipher_suites: [TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, TLS_AES_128_GCM_SHA256]
  curve_preferences: [X25519, CurveP256]
`);
    assert.deepEqual(tls, {
      cert: { text: 'CERT' },
      key: { text: 'KEY' },
      clientCa: { text: 'CA' },
      clientAuth: 'RequireAnyClientCert',
      allowedSans: ['one'],
      ciphers:
        'TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256:ECDHE-RSA-AES128-GCM-SHA256',
      curves: 'X25519:P-256',
      minVersion: 'TLSv1.3',
      maxVersion: 'TLSv1.3',
      prefersServerCiphers: false,
    });
  });

  for (const [name, yaml, problem] of [
    ['junk', 'hWkNKCp3fvIx3jKnsaBI\nTuEjdwNS8A2vYdFbiKqr\n', /^expected a mapping of options$/],
    ['YAML that is none', 'basic_auth_users: {', /^not valid YAML$/],
    ['an unknown key', 'tls_server_confg: {}', /^tls_server_confg: unknown key$/],
    ['an unknown key inside', `tls_server_config: { cert_filee: a, ${TLS} }`, /cert_filee: unknown key/],
    ['no certificate', 'tls_server_config: { key_file: a }', /missing one of cert or cert_file/],
    ['no key', 'tls_server_config: { cert_file: a, key_file: "" }', /missing one of key or key_file/],
    ['an authority without a policy', `tls_server_config: { ${TLS}, client_ca_file: c }`, /client_auth_type/],
    [
      'names of clients that are never checked',
      `tls_server_config: { ${TLS}, client_allowed_sans: [a] }`,
      /client_allowed_sans without/,
    ],
    ['an unknown policy', `tls_server_config: { ${TLS}, client_auth_type: Sometimes }`, /expected one of/],
    ['an unknown version', `tls_server_config: { ${TLS}, min_version: TLS111 }`, /expected one of TLS10/],
    ['an unknown suite', `tls_server_config: { ${TLS}, cipher_suites: [TLS_NO] }`, /unknown cipher/],
    ['an unknown curve', `tls_server_config: { ${TLS}, curve_preferences: [toString] }`, /unknown curve/],
    ['a header that may not be set', 'http_server_config: { headers: { Server: x } }', /Server: only Strict/],
    [
      'a value of a header',
      'http_server_config: { headers: { X-Frame-Options: yes please } }',
      /expected deny/,
    ],
    [
      'a header in two lines',
      'http_server_config: { headers: { X-XSS-Protection: "1\\nA: b" } }',
      /printable/,
    ],
    [
      'a password in place of its hash',
      'basic_auth_users: { alice: hunter2 }',
      /alice: expected a bcrypt hash/,
    ],
    ['a rate that is none', 'rate_limit: { interval: often }', /expected a duration/],
  ] as const) {
    it(`is refused for ${name}`, () => assert.match(problemsOf(yaml), problem));
  }

  it('repeats no secret of what it refuses', () => {
    const said = problemsOf(`basic_auth_users: { alice: hunter2 }\ntls_server_config: { key: [hunter2] }`);
    assert.doesNotMatch(said, /hunter2/);
    assert.doesNotMatch(problemsOf('basic_auth_users: { alice: "hunter2'), /hunter2/);
  });

  it('names the files that are missing, relative to its own folder', () => {
    const reading = readWebFile('/etc/stagewatch/web.yml', (path) => {
      if (path.endsWith('web.yml')) return `tls_server_config: { ${TLS} }`;
      throw Object.assign(new Error(path), { code: 'ENOENT' });
    });
    assert.ok(reading.kind === 'faulty');
    assert.deepEqual(reading.problems, [
      'tls_server_config.cert_file /etc/stagewatch/server.crt cannot be read: no such file',
      'tls_server_config.key_file /etc/stagewatch/server.key cannot be read: no such file',
    ]);
    assert.deepEqual(reading.paths, [
      '/etc/stagewatch/web.yml',
      '/etc/stagewatch/server.crt',
      '/etc/stagewatch/server.key',
    ]);
  });
});

describe('a configuration that names one', () => {
  const load = (yaml: string, web: string) =>
    loadConfig({
      file: 'stagewatch.yaml',
      env: {},
      readFile: (path) => (path === 'stagewatch.yaml' ? yaml : web),
    });

  it('has its faults too', () => {
    const loaded = load('web: { config_file: web.yml }', 'basic_auth_users: { a: b }');
    assert.ok(loaded.kind === 'faulty');
    assert.match(
      loaded.faults.map(renderFault).join(),
      /^web\.yml: basic_auth_users\.a: expected a bcrypt hash/,
    );
  });

  it('warns when other machines can reach it and need no authentication', () => {
    const warnings = (yaml: string, web = ''): readonly string[] => {
      const loaded = load(yaml, web);
      assert.equal(loaded.kind, 'ok');
      return loaded.kind === 'ok' ? loaded.warnings : [];
    };
    for (const listen of [':9847', '0.0.0.0:9847', '192.168.1.7:9847', '"[::]:9847"']) {
      assert.match(warnings(`listen: ${listen}`).join(), /is reachable from other machines/, listen);
    }
    for (const listen of ['127.0.0.1:9847', '127.1.2.3:9847', 'localhost:9847', '"[::1]:9847"'])
      assert.deepEqual(warnings(`listen: ${listen}`), [], listen);
    assert.deepEqual(warnings('listen: :9847\nweb: { read_token: a }'), []);
    const users = `basic_auth_users: { alice: ${HASH} }`;
    assert.deepEqual(warnings('listen: :9847\nweb: { config_file: web.yml }', users), []);
    assert.equal(warnings('listen: :9847\nweb: { bearer_token: a }').length, 1);
  });
});
