/** The image's contents on a real engine, as the compose file runs them: read-only, not root, behind its reading proxy. */

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, describe, it } from 'node:test';
import { parse } from 'yaml';
import { type AllowingProxy, startAllowingProxy } from '../support/allowing-proxy.js';
import { dockerfileInstructions, importImage } from '../support/built-image.js';
import { freePort } from '../support/free-port.js';
import { skipWithout } from '../support/machine.js';
import { IMAGE, type RealDocker, startRealDocker } from '../support/real-docker.js';
import { parseSeries } from '../support/series.js';
import { tempDir } from '../support/temp-dir.js';
import { waitFor } from '../support/wait-for.js';

const NAME = 'stagewatch-itself';
const WORKER = 'paddle-worker-gpu0-0';
const TOKEN = 'a-token-of-this-test';
const LIMIT_MS = 90_000;

interface State {
  readonly State: {
    readonly Status: string;
    readonly ExitCode: number;
    readonly Health?: { readonly Status: string };
  };
}

async function flagsOf(service: string): Promise<readonly string[]> {
  const compose = parse(await readFile('docker-compose.monitoring.yaml', 'utf8'), { merge: true }) as {
    services: Record<string, { command: string[] }>;
  };
  return compose.services[service]?.command ?? [];
}

describe('the image', { skip: skipWithout('docker') }, () => {
  let engine: RealDocker;
  let reader: AllowingProxy;
  let restarter: AllowingProxy;
  let url: string;
  const cleanups: (() => unknown)[] = [];
  const scope = { after: (task?: unknown) => void cleanups.push(task as () => unknown) } as never;

  before(async () => {
    engine = await startRealDocker();
    await importImage(engine, await tempDir(scope), 'stagewatch:test');
    await engine.docker('run', '-d', '--network', 'none', '--name', WORKER, IMAGE, 'sleep', '10000');
    reader = await startAllowingProxy(scope, engine.socketPath, await flagsOf('docker-reader'));
    restarter = await startAllowingProxy(scope, engine.socketPath, await flagsOf('docker-restarter'));
    const listen = `127.0.0.1:${await freePort()}`;
    url = `http://${listen}`;
    const hardening = [
      '--read-only',
      '--cap-drop',
      'ALL',
      '--security-opt',
      'no-new-privileges',
      '--memory',
      '512m',
    ];
    const env = [
      `STAGEWATCH_LISTEN=${listen}`,
      `STAGEWATCH_DOCKER_HOST=tcp://127.0.0.1:${reader.port}`,
      `STAGEWATCH_DOCKER_RESTART_HOST=tcp://127.0.0.1:${restarter.port}`,
      `STAGEWATCH_WEB_BEARER_TOKEN=${TOKEN}`,
      'STAGEWATCH_RECOVERY_ENABLED=true',
      'STAGEWATCH_RECOVERY_DRY_RUN=false',
    ];
    await engine.docker(
      'run',
      '-d',
      '--network',
      'host',
      '--name',
      NAME,
      ...hardening,
      ...env.flatMap((one) => ['--env', one]),
      '--health-interval',
      '1s',
      'stagewatch:test',
    );
  });

  after(async () => {
    for (const task of cleanups.reverse()) await task();
    await engine?.dispose();
  });

  const state = async (): Promise<State['State']> => ((await engine.inspect(NAME)) as unknown as State).State;

  it('becomes healthy by its own health check, and answers', async () => {
    await waitFor(
      'the container to be healthy',
      async () => {
        const { Status, Health } = await state();
        if (Status !== 'running') throw new Error(`it is ${Status}: ${await engine.docker('logs', NAME)}`);
        return Health?.Status === 'healthy';
      },
      LIMIT_MS,
    );
    assert.equal((await fetch(`${url}/-/healthy`)).status, 200);
  });

  it('watches the engine through what the reading proxy allows, and asks for nothing else', async () => {
    const up = await waitFor(
      'the engine to be read',
      async () => {
        const page = parseSeries(await (await fetch(`${url}/metrics`)).text());
        return page.value('pipeline_container_state', { container: WORKER, state: 'running' }) === 1 && page;
      },
      LIMIT_MS,
      () => engine.docker('logs', NAME),
    );
    assert.equal(up.value('stagewatch_source_up', { source: 'docker' }), 1);
    assert.deepEqual(reader.refused, []);
  });

  it('restarts through what the restarting proxy allows, and keeps evidence first', async () => {
    const before = (await engine.inspect(WORKER)) as { State: { StartedAt: string } };
    const answer = await fetch(`${url}/api/v1/containers/${WORKER}/restart`, {
      method: 'POST',
      headers: { authorization: `Bearer ${TOKEN}` },
      body: JSON.stringify({ force: true, by: 'a test', why: 'to see it' }),
    });
    const told = await answer.text();
    assert.equal(answer.status, 200, told);
    const now = (await engine.inspect(WORKER)) as typeof before;
    assert.notEqual(now.State.StartedAt, before.State.StartedAt, told);
    assert.deepEqual([...reader.refused, ...restarter.refused], []);
  });

  it('runs as nobody in particular, and writes to its volume alone', async () => {
    assert.match(await engine.docker('top', NAME, '-o', 'uid,pid'), /^UID +PID\n10001 /);
    const node = (script: string) => engine.docker('exec', NAME, '/usr/local/bin/node', '-e', script);
    assert.equal(await node('console.log(fs.existsSync("/data/journal.jsonl"))'), 'true');
    await assert.rejects(node('fs.writeFileSync("/app/x", "")'), /EROFS|EACCES/);
    await assert.rejects(engine.docker('exec', NAME, 'sh', '-c', 'true'), (error: { stdout: string }) =>
      /"sh": executable file not found/.test(error.stdout),
    );
  });

  it('is unhealthy for its health check when nothing answers', async () => {
    const check = engine.docker(
      'exec',
      '--env',
      'STAGEWATCH_LISTEN=127.0.0.1:9',
      NAME,
      '/usr/local/bin/node',
      '/app/dist/healthcheck.js',
    );
    await assert.rejects(check, /127\.0\.0\.1:9\/-\/healthy: .*ECONNREFUSED/);
  });

  it('ends well when it is stopped', async () => {
    await engine.docker('stop', '-t', '20', NAME);
    assert.equal((await state()).ExitCode, 0);
  });

  it('is built from a pinned base, without root', async () => {
    const instructions = await dockerfileInstructions();
    assert.match(instructions[0] ?? '', /^ARG NODE_IMAGE=node:\d+\.\d+\.\d+-/);
    const last = instructions.slice(instructions.lastIndexOf('FROM scratch'));
    assert.ok(last.includes('USER 10001:10001'));
    assert.ok(last.some((line) => line.startsWith('HEALTHCHECK')));
  });
});

describe('the proxies', () => {
  const patterns = async (service: string, method: string): Promise<readonly RegExp[]> =>
    (await flagsOf(service))
      .filter((flag) => flag.startsWith(`-allow${method}=`))
      .map((flag) => new RegExp(`^(?:${flag.slice(flag.indexOf('=') + 1)})$`));
  const allows = async (service: string, method: string, path: string): Promise<boolean> =>
    (await patterns(service, method)).some((pattern) => pattern.test(path));

  it('read without changing anything', async () => {
    assert.deepEqual(await patterns('docker-reader', 'POST'), []);
    assert.ok(await allows('docker-reader', 'GET', '/v1.41/containers/abc/json'));
    for (const path of ['/v1.41/containers/abc/archive', '/v1.41/images/json', '/v1.41/containers/abc/exec'])
      assert.equal(await allows('docker-reader', 'GET', path), false, path);
  });

  it('restart, and do nothing else', async () => {
    for (const path of ['/containers/abc/restart', '/v1.41/containers/paddle-worker-gpu0-0/restart'])
      assert.ok(await allows('docker-restarter', 'POST', path), path);
    for (const path of [
      '/v1.41/containers/create',
      '/v1.41/containers/abc/exec',
      '/v1.41/containers/abc/kill',
      '/v1.41/containers/a/b/restart',
    ])
      assert.equal(await allows('docker-restarter', 'POST', path), false, path);
  });
});
