import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { parse } from 'yaml';
import { renderFault } from '../../src/config/config-fault.js';
import { loadConfig } from '../../src/config/load-config.js';
import { requireProgram, skipWithout } from '../support/machine.js';

const FILE = 'docker-compose.monitoring.yaml';
const CONFIG_FILE = 'docs/config/stagewatch.yaml';

interface Service {
  readonly image?: string;
  readonly build?: string;
  readonly restart: string;
  readonly read_only: boolean;
  readonly user?: string;
  readonly privileged?: boolean;
  readonly cap_drop: readonly string[];
  readonly cap_add?: readonly string[];
  readonly security_opt: readonly string[];
  readonly logging: { readonly options: Readonly<Record<string, string>> };
  readonly labels: Readonly<Record<string, string>>;
  readonly environment?: Readonly<Record<string, string>>;
  readonly secrets?: readonly string[];
  readonly volumes?: readonly string[];
  readonly ports?: readonly string[];
  readonly networks: readonly string[];
  readonly profiles?: readonly string[];
  readonly command?: readonly string[];
  readonly healthcheck?: { readonly test: readonly string[] };
  readonly 'x-no-healthcheck'?: string;
  readonly mem_limit: string;
  readonly pids_limit: number;
}

interface Compose {
  readonly services: Readonly<Record<string, Service>>;
  readonly networks: Readonly<Record<string, { internal?: boolean; external?: boolean; name?: string }>>;
  readonly volumes: Readonly<Record<string, unknown>>;
  readonly secrets: Readonly<Record<string, { file: string }>>;
}

const text = readFileSync(FILE, 'utf8');
const compose = parse(text, { merge: true }) as Compose;
const services = Object.entries(compose.services);
const example = readFileSync('.env.example', 'utf8');

function service(name: string): Service {
  const found = compose.services[name];
  if (!found) throw new Error(`no service ${name}`);
  return found;
}

describe('docker-compose.monitoring.yaml', () => {
  for (const [name, one] of services) {
    it(`${name} is pinned, bounded, hardened and looked after`, () => {
      assert.match(one.image ?? '', /:v?\d+\.\d+\.\d+/, 'its image is not pinned');
      assert.equal(one.restart, 'unless-stopped');
      assert.equal(one.read_only, true);
      assert.equal(one.privileged, undefined);
      assert.deepEqual(one.cap_drop, ['ALL']);
      assert.deepEqual(one.cap_add ?? [], name === 'dcgm-exporter' ? ['SYS_ADMIN'] : []);
      assert.deepEqual(one.security_opt, ['no-new-privileges:true']);
      assert.match(one.mem_limit, /^\d+[mg]$/);
      assert.ok(one.pids_limit > 0);
      assert.deepEqual(Object.keys(one.logging.options), ['max-size', 'max-file']);
      assert.equal(one.labels['stagewatch.role'], 'ignore');
      assert.ok(one.healthcheck ?? one['x-no-healthcheck'], 'neither a health check nor a reason for none');
    });

    it(`${name} is published on loopback at most, and keeps secrets in files`, () => {
      for (const port of one.ports ?? []) assert.match(port, /^127\.0\.0\.1:/);
      for (const [key, value] of Object.entries(one.environment ?? {})) {
        if (!/PASSWORD|TOKEN|AMQP_URL/.test(key)) continue;
        assert.match(key, /_FILE$/, `${key} holds a secret`);
        const secret = /^\/run\/secrets\/(\w+)$/.exec(value)?.[1] ?? '';
        assert.ok(one.secrets?.includes(secret), `${name} is not given ${secret}`);
      }
      for (const secret of one.secrets ?? []) assert.ok(compose.secrets[secret], secret);
    });

    it(`${name} mounts what is there, read-only but for volumes of its own`, () => {
      for (const volume of one.volumes ?? []) {
        const [source = '', , mode] = volume.replace(/^\$\{\w+:-([^}]+)\}/, '$1').split(':');
        if (source.startsWith('.') || source.startsWith('/')) assert.equal(mode, 'ro', volume);
        else assert.ok(source in compose.volumes, volume);
        if (source.startsWith('.')) assert.ok(existsSync(source), `${source} is not in the repository`);
      }
    });
  }

  it('has no default for a password, and Grafana does not start with an empty one', () => {
    assert.doesNotMatch(text, /admin:admin|PASSWORD:? ?\$\{\w+:-/);
    assert.match(
      service('grafana').command?.[0] ?? '',
      /^test -s \/run\/secrets\/grafana_admin_password \|\| .*exit 1/,
    );
  });

  it('leaves restarts and GPUs off, and their proxies apart', () => {
    const profiles = services.flatMap(([name, { profiles = [] }]) => profiles.map((one) => [name, one]));
    assert.deepEqual(profiles, [
      ['docker-restarter', 'restart'],
      ['dcgm-exporter', 'gpu'],
    ]);
    const inNetwork = (network: string) =>
      services.filter(([, { networks }]) => networks.includes(network)).map(([name]) => name);
    assert.deepEqual(inNetwork('docker-read'), ['stagewatch', 'docker-reader']);
    assert.deepEqual(inNetwork('docker-restart'), ['stagewatch', 'docker-restarter']);
    assert.equal(
      compose.networks['docker-read']?.internal && compose.networks['docker-restart']?.internal,
      true,
    );
    assert.deepEqual(inNetwork('pipeline'), ['stagewatch']);
    assert.equal(compose.networks['pipeline']?.external, true);
  });

  it('explains every variable in .env.example, and there is none beside', () => {
    const used = new Set([...text.matchAll(/\$\{(\w+)/g)].map(([, name]) => name));
    const explained = [...example.matchAll(/^(\w+)=(.*)$/gm)];
    assert.deepEqual(new Set(explained.map(([, name]) => name)), used);
    for (const [, name = '', value = ''] of explained) {
      const standard = new RegExp(`\\$\\{${name}:-([^}]*)\\}`).exec(text)?.[1];
      if (standard !== undefined) assert.equal(value, standard, `${name}: example and default differ`);
      else
        assert.match(
          text,
          new RegExp(`\\$\\{${name}:\\?set \\w+ in`),
          `${name} is needed, and nothing says so`,
        );
    }
  });

  /** What the daemon makes of its environment when `.env` is empty, or as given; secrets hold `secret`. */
  function load(file: string, env: Readonly<Record<string, string>> = {}, secret = '') {
    const values = Object.entries({ ...service('stagewatch').environment }).map(([key, value]) => [
      key,
      value.replaceAll(/\$\{(\w+):-([^}]*)\}/g, (_, name: string, standard: string) => env[name] ?? standard),
    ]);
    const loaded = loadConfig({
      file: 'stagewatch.yaml',
      env: Object.fromEntries(values) as Record<string, string>,
      readFile: (path) => (path.startsWith('/run/secrets/') ? `${secret}\n` : file),
    });
    if (loaded.kind === 'faulty') return assert.fail(loaded.faults.map(renderFault).join('\n'));
    assert.deepEqual(loaded.warnings, []);
    return loaded.config;
  }

  it('gives stagewatch options that there are; empty values and secrets are as if not set', () => {
    const { docker, rabbitmq, dcgm, web } = load(readFileSync(CONFIG_FILE, 'utf8'));
    assert.equal(docker.host, 'tcp://docker-reader:2375');
    assert.equal(docker.cgroup_root, '/host/cgroup');
    assert.deepEqual(
      [docker.restart_host, rabbitmq.amqp_url, rabbitmq.metrics_url, dcgm.url, web.bearer_token],
      [null, null, null, null, null],
    );
    const given = { RESTART_HOST: 'tcp://docker-restarter:2375', DCGM_URL: 'http://dcgm-exporter:9400' };
    assert.equal(load('', given).docker.restart_host, given.RESTART_HOST);
    assert.equal(load('', given).dcgm.url, given.DCGM_URL);
    assert.equal(load('', {}, 'amqp://u:p@rabbitmq:5672/v').rabbitmq.amqp_url, 'amqp://u:p@rabbitmq:5672/v');
  });

  it('has a configuration to start from whose examples hold when their comment signs are taken away', () => {
    const examples = readFileSync(CONFIG_FILE, 'utf8').replaceAll(/^# (?=\w+: ?[{\n]|\w+:$| {2}- )/gm, '');
    const { stages, progress, sentinels } = load(examples);
    assert.deepEqual(
      stages.map(({ id }) => id),
      ['G2_00', 'G3_02'],
    );
    const mounted = (service('stagewatch').volumes ?? []).map((volume) => volume.split(':').at(-2));
    assert.ok(mounted.includes(progress.directory ?? '') && mounted.includes(sentinels.root ?? ''));
  });

  it('sends nothing to the engine that the image does not need', () => {
    const ignored = readFileSync('.dockerignore', 'utf8');
    assert.match(ignored, /^\*$/m);
    assert.match(readFileSync('.gitignore', 'utf8'), /^\/secrets\/$/m);
    assert.match(readFileSync('.gitignore', 'utf8'), /^\/\.env$/m);
  });

  it('is taken by docker-compose', {
    skip: skipWithout('compose'),
  }, () => {
    const args = ['-f', FILE, '--env-file', '.env.example', '--profile', 'gpu', '--profile', 'restart'];
    const merged = parse(
      execFileSync(requireProgram('docker-compose'), [...args, 'config'], { encoding: 'utf8' }),
    ) as Compose;
    assert.deepEqual(new Set(Object.keys(merged.services)), new Set(Object.keys(compose.services)));
    assert.equal(merged.services['stagewatch']?.mem_limit, '512m');
  });
});
