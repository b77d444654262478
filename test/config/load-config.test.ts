import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { renderFault } from '../../src/config/config-fault.js';
import type { Environment } from '../../src/config/environment.js';
import { loadConfig } from '../../src/config/load-config.js';

const FILES: Record<string, string> = { '/run/secrets/token': 's3cret\n' };

function load(yaml: string | undefined, env: Environment = {}) {
  return loadConfig({
    file: yaml === undefined ? undefined : 'stagewatch.yaml',
    env,
    readFile(path) {
      const text = path === 'stagewatch.yaml' ? yaml : FILES[path];
      if (text === undefined) throw Object.assign(new Error(`ENOENT: ${path}`), { code: 'ENOENT' });
      return text;
    },
  });
}

function faults(yaml: string | undefined, env: Environment = {}): readonly string[] {
  const loaded = load(yaml, env);
  assert.equal(loaded.kind, 'faulty');
  return loaded.kind === 'faulty' ? loaded.faults.map(renderFault) : [];
}

function config(yaml: string | undefined, env: Environment = {}) {
  const loaded = load(yaml, env);
  assert.ok(loaded.kind === 'ok', loaded.kind === 'faulty' ? loaded.faults.map(renderFault).join('\n') : '');
  return loaded.config;
}

describe('a configuration without faults', () => {
  it('has defaults for everything', () => {
    const { listen, docker, orchestrators, infrastructure, stages } = config(undefined);
    assert.deepEqual(listen, { host: '127.0.0.1', port: 9847 });
    assert.equal(docker.relist_interval, 60_000);
    assert.deepEqual(orchestrators, ['orchestrator-*']);
    assert.deepEqual(infrastructure, { RabbitMQ: ['*rabbitmq*'], GROBID: ['*grobid*'] });
    assert.deepEqual(stages, []);
    assert.deepEqual(config(''), config(undefined), 'an empty file is no fault');
  });

  it('takes durations, one pattern or several, and every form of address', () => {
    assert.equal(config('docker: { relist_interval: 1m30s }').docker.relist_interval, 90_000);
    assert.deepEqual(config('orchestrators: [a-*, b-*]').orchestrators, ['a-*', 'b-*']);
    assert.deepEqual(config('listen: ":9"').listen, { host: undefined, port: 9 });
    assert.deepEqual(config('listen: "[::1]:9"').listen, { host: '::1', port: 9 });
  });

  it('lets the environment win over the file', () => {
    const env = {
      STAGEWATCH_DOCKER_INSPECT_CONCURRENCY: '7',
      STAGEWATCH_ORCHESTRATORS: 'x-*, y-*',
      STAGEWATCH_DOCKER_COMPOSE_PROJECT: '2024',
    };
    const { docker, orchestrators } = config('docker: { inspect_concurrency: 2, request_timeout: 3s }', env);
    assert.equal(docker.inspect_concurrency, 7);
    assert.equal(docker.request_timeout, 3000, 'what the environment does not name stays');
    assert.deepEqual(orchestrators, ['x-*', 'y-*']);
    assert.equal(docker.compose_project, '2024', 'text stays text');
  });

  it('reads a secret from the file that a variable names', () => {
    assert.equal(
      config('', { STAGEWATCH_WEB_BEARER_TOKEN_FILE: '/run/secrets/token' }).web.bearer_token,
      's3cret',
    );
  });

  it('warns of variables that name no option', () => {
    const loaded = load('', { STAGEWATCH_LISTN: ':1', STAGEWATCH_CONFIG: 'x', OTHER: 'y' });
    assert.deepEqual(loaded.kind === 'ok' && loaded.warnings, [
      'environment variable STAGEWATCH_LISTN names no option and is ignored',
    ]);
  });
});

describe('a faulty configuration', () => {
  it('has all its faults named at once, each with its place and what is allowed', () => {
    const yaml = `listen: 127.0.0.1
dockr: {}
docker:
  hots: x
  relist_interval: 5
stages:
  - name: x
  - { id: A, workers: 5 }
  - { id: A }
`;
    const found = faults(yaml, { STAGEWATCH_DOCKER_INSPECT_CONCURRENCY: '99' });
    const expected = [
      'stagewatch.yaml:1:1 listen: expected host:port, like 127.0.0.1:9847 or :9847 for every interface, got "127.0.0.1"',
      'stagewatch.yaml:2:1 dockr: unknown key "dockr", did you mean docker?',
      'stagewatch.yaml:4:3 docker.hots: unknown key "hots". Allowed here: enabled, host, compose_project',
      'stagewatch.yaml:5:3 docker.relist_interval: expected a duration like 500ms, 5s, 10m or 2h, from 1s to 1h, got 5',
      'stagewatch.yaml:7:5 stages.0.id: expected a stage id like G3_02, got nothing',
      'stagewatch.yaml:8:14 stages.1.workers: expected a name pattern with * and ?, or a list of them, got 5',
      'stagewatch.yaml:9:7 stages.2.id: stage id "A" is used twice',
      'STAGEWATCH_DOCKER_INSPECT_CONCURRENCY docker.inspect_concurrency: expected a whole number from 1 to 32, got 99',
    ];
    for (const [index, line] of found.entries()) {
      assert.ok(line.startsWith(expected[index] ?? '?'), `${line}\nis not\n${expected[index]}`);
    }
    assert.equal(found.length, expected.length);
  });

  const cases: readonly [string, string | undefined, Environment, RegExp][] = [
    ['is no mapping', '- a', {}, /^stagewatch\.yaml:1:1: expected a mapping of options/],
    ['is no YAML', 'a: [1', {}, /^stagewatch\.yaml:\d+:\d+: not valid YAML: /],
    ['has a key twice', 'listen: ":1"\nlisten: ":2"', {}, /^stagewatch\.yaml:2:1: not valid YAML: .*unique/],
    ['has an unknown host form', 'docker: { host: docker.sock }', {}, /docker\.host: expected unix:\/\/\//],
    [
      'names an option and its file',
      '',
      { STAGEWATCH_LISTEN: ':1', STAGEWATCH_LISTEN_FILE: '/x' },
      /^STAGEWATCH_LISTEN_FILE: STAGEWATCH_LISTEN is set too/,
    ],
    [
      'names a file that is not there',
      '',
      { STAGEWATCH_LISTEN_FILE: '/nowhere' },
      /^STAGEWATCH_LISTEN_FILE: cannot read the file it names/,
    ],
    [
      'is an alias bomb',
      `a: &a [x,x,x,x,x,x,x,x,x]\n${'bcdefghi'
        .split('')
        .map((key, i) => `${key}: &${key} [${Array(9).fill(`*${'abcdefghi'[i]}`).join(',')}]`)
        .join('\n')}`,
      {},
      /not valid YAML: .*alias/i,
    ],
  ];
  for (const [what, yaml, env, pattern] of cases) {
    it(`is named when it ${what}`, () => {
      assert.match(faults(yaml, env).join('\n'), pattern);
    });
  }

  it('never shows a secret, not even one of the wrong kind', () => {
    for (const yaml of [
      'web: { bearer_token: 12345678901 }',
      'web: { bearer_token: [12345678901] }',
      'web: { bearer_token: *12345678901 }',
      'web: { bearer_token: "12345678901',
    ]) {
      const found = faults(yaml).join('\n');
      assert.doesNotMatch(found, /12345678901/, yaml);
      assert.match(found, /stagewatch\.yaml:\d+:\d+/);
    }
  });

  it('says what a section may hold when it is none', () => {
    assert.match(
      faults('web: text')[0] ?? '',
      /^stagewatch\.yaml:1:1 web: expected a mapping of options: bearer_token/,
    );
  });

  it('is named when the file is missing', () => {
    const loaded = loadConfig({
      file: 'x.yaml',
      env: {},
      readFile: () => {
        throw Object.assign(new Error('gone'), { code: 'ENOENT' });
      },
    });
    assert.deepEqual(loaded, {
      kind: 'faulty',
      faults: [{ place: 'x.yaml', message: 'cannot be read: no such file' }],
    });
  });

  it('never throws, whatever the file holds', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
        assert.ok(['ok', 'faulty'].includes(load(text).kind));
      }),
    );
  });
});

describe('what is allowed and most likely not meant', () => {
  const adviceOn = (yaml: string): readonly string[] => {
    const loaded = load(yaml);
    return loaded.kind === 'ok' ? loaded.warnings : [];
  };

  it('is said: regular expressions, and workers or a queue of two stages', () => {
    const advice = adviceOn(`stages:
  - { id: A, workers: '^paddle-worker-[0-9]+$', queue: q }
  - { id: B, workers: 'spine-*', queue: q }
  - { id: C, workers: 'spine-*' }
`);
    assert.equal(advice.length, 3);
    assert.match(
      advice[0] ?? '',
      /^workers of stage A: '\^paddle-worker-\[0-9\]\+\$' looks like a regular expression/,
    );
    assert.match(advice[1] ?? '', /^stages B and C have the same workers 'spine-\*': they all serve B$/);
    assert.match(advice[2] ?? '', /^stages A and B have the same queue 'q'/);
  });

  it('is not said of the defaults, or of stages that differ', () => {
    assert.deepEqual(adviceOn(''), []);
    assert.deepEqual(
      adviceOn('stages: [{ id: A, workers: "a-*", queue: a }, { id: B, workers: "b-?" }]'),
      [],
    );
  });
});
