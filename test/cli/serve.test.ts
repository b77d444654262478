import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { type Daemon, startDaemon } from '../support/daemon.js';
import { startFakeEngine } from '../support/fake-engine.js';
import { tempDir } from '../support/temp-dir.js';
import { waitFor } from '../support/wait-for.js';

const MAIN = fileURLToPath(new URL('../../src/main.js', import.meta.url));

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

async function run(
  args: readonly string[],
  cwd: string,
  options: { uid?: number; gid?: number } = {},
): Promise<Ended> {
  const child = spawn(process.execPath, [MAIN, ...args], {
    cwd,
    env: { PATH: process.env['PATH'] },
    ...options,
  });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk) => (stdout += chunk));
  child.stderr.on('data', (chunk) => (stderr += chunk));
  await once(child, 'close');
  return { code: child.exitCode, stdout, stderr };
}

async function daemonWithEngine(test: TestContext, config = ''): Promise<Daemon> {
  const folder = await tempDir(test);
  const engine = await startFakeEngine({ folder });
  engine.containers.set('a', { id: 'a', name: 'paddle-worker-gpu0-0', state: 'running' });
  const daemon = await startDaemon({
    folder,
    config: `docker: { host: "unix://${engine.socketPath}" }\n${config}`,
  });
  test.after(async () => {
    await daemon.stop();
    await engine.close();
  });
  await daemon.whenReady();
  return daemon;
}

describe('stagewatch serve', () => {
  it('ends with 2 and every fault when the configuration is bad', async (test) => {
    const folder = await tempDir(test);
    await writeFile(join(folder, 'bad.yaml'), 'listen: x\nfoo: 1\n');
    const { code, stderr, stdout } = await run(['serve', '--config', 'bad.yaml'], folder);
    assert.equal(code, 2);
    assert.equal(stderr.trimEnd().split('\n').length, 2);
    assert.match(stderr, /^bad\.yaml:1:1 listen: expected host:port/);
    assert.equal(stdout, '');
  });

  it('ends with 1 and one line when the port is in use', async (test) => {
    const folder = await tempDir(test);
    const taken = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    test.after(() => taken.close());
    const { port } = taken.address() as { port: number };
    await writeFile(
      join(folder, 'stagewatch.yaml'),
      `listen: 127.0.0.1:${port}\ndocker: { host: unix:///nowhere.sock }\n`,
    );
    const { code, stderr } = await run([], folder);
    assert.equal(code, 1);
    assert.equal(
      stderr,
      `stagewatch: cannot listen on 127.0.0.1:${port}: another program uses the port; stop it or set listen\n`,
    );
  });

  it('ends with 1 and one line when data_dir cannot be written', async (test) => {
    const folder = await tempDir(test);
    await writeFile(join(folder, 'file'), '');
    await writeFile(join(folder, 'stagewatch.yaml'), 'listen: 127.0.0.1:0\ndata_dir: ./file/data\n');
    const { code, stderr } = await run(['serve'], folder);
    assert.equal(code, 1);
    assert.match(
      stderr,
      /^stagewatch: cannot write to data_dir \.\/file\/data: ENOTDIR.*; give its owner write access or set data_dir\n$/,
    );
  });

  const canTakeUser = process.getuid?.() === 0 || process.env['CI'] === 'true';
  const skip = canTakeUser ? false : 'another user cannot be taken without root';
  it('ends with 1 and one line when another uses data_dir, and leaves that alone', async (test) => {
    const daemon = await daemonWithEngine(test);
    const folder = dirname(daemon.configFile);
    // The first goes on writing to it: each daemon that begins there writes one such line.
    const starts = async (): Promise<number> =>
      (await readFile(join(folder, 'data', 'journal.jsonl'), 'utf8')).split('"daemon_started"').length - 1;
    await waitFor('the first to have noted its start', async () => (await starts()) === 1);
    const { code, stderr } = await run(['serve', '--config', 'stagewatch.yaml'], folder);
    assert.equal(code, 1);
    const holder = `process ${daemon.process.pid} on`;
    assert.match(
      stderr,
      new RegExp(
        `^stagewatch: data_dir \\S+/data is in use by another stagewatch \\(${holder} .+\\); stop that one, or set another data_dir\\n$`,
      ),
    );
    assert.equal(await starts(), 1);
    assert.equal(await daemon.stop(), 0);
    assert.ok(!(await readdir(join(folder, 'data'))).includes('lock.sock'));
  });

  it('starts without an engine, says what it waits for, and names the permission that is missing', {
    skip,
  }, async (test) => {
    const folder = await tempDir(test);
    await chmod(folder, 0o755);
    await mkdir(join(folder, 'nobody'), { mode: 0o777 });
    await chmod(join(folder, 'nobody'), 0o777);
    const engine = await startFakeEngine({ folder });
    await chmod(engine.socketPath, 0o660);
    test.after(() => engine.close());
    const config = `listen: 127.0.0.1:0\ndata_dir: ./nobody\ndocker: { host: "unix://${engine.socketPath}" }\n`;
    await writeFile(join(folder, 'stagewatch.yaml'), config);
    const child = spawn(process.execPath, [MAIN], {
      cwd: folder,
      env: { PATH: process.env['PATH'] },
      uid: 65_534,
      gid: 65_534,
    });
    test.after(() => child.kill('SIGKILL'));
    let log = '';
    child.stdout.on('data', (chunk) => (log += chunk));
    await waitFor('the permission to be named', () => log.includes('usermod -aG docker'));
    assert.match(log, /"reason":"permission"/);
    const url = /"url":"([^"]+)"/.exec(log)?.[1];
    const ready = await fetch(`${url}-/ready`);
    assert.equal(ready.status, 503);
    assert.match(await ready.text(), /docker \(unix:.*\): no permission to use/);
  });

  it('reloads on SIGHUP, and keeps the last good configuration when the new one is faulty', async (test) => {
    const daemon = await daemonWithEngine(test);
    const stage = async () => (await daemon.metrics()).all('pipeline_container_info')[0]?.labels['stage'];
    const good = readFile(daemon.configFile, 'utf8');
    assert.equal(await stage(), 'paddle-worker');
    await writeFile(daemon.configFile, `${await good}stages: [{ id: G3_02, workers: "paddle-*" }]\n`);
    daemon.process.kill('SIGHUP');
    await waitFor('the new stage', async () => (await stage()) === 'G3_02');
    await writeFile(daemon.configFile, `${await good}stages: [{ idd: G4 }]\n`);
    daemon.process.kill('SIGHUP');
    await waitFor(
      'the fault to be told',
      async () => (await daemon.metrics()).value('stagewatch_config_last_reload_successful') === 0,
    );
    assert.equal(await stage(), 'G3_02');
    const refused = daemon.log.find(({ level }) => level === 'error');
    assert.match(
      String(refused?.['problem']),
      /stagewatch\.yaml:\d+:\d+ stages\.0\.idd: unknown key "idd", did you mean id\?/,
    );
    await writeFile(daemon.configFile, await good);
    daemon.process.kill('SIGHUP');
    await waitFor('the good one again', async () => (await stage()) === 'paddle-worker');
    assert.equal((await daemon.metrics()).value('stagewatch_config_last_reload_successful'), 1);
  });

  it('watches another engine after a reload that names it', async (test) => {
    const daemon = await daemonWithEngine(test);
    const folder = await tempDir(test);
    const other = await startFakeEngine({ folder });
    test.after(() => other.close());
    other.containers.set('b', { id: 'b', name: 'spine-worker-gpu0-0', state: 'running' });
    await writeFile(
      daemon.configFile,
      `listen: 127.0.0.1:0\ndocker: { host: "unix://${other.socketPath}" }\n`,
    );
    daemon.process.kill('SIGHUP');
    await waitFor('the other engine', async () => {
      const found = (await daemon.metrics())
        .all('pipeline_container_info')
        .map(({ labels }) => labels['container']);
      return found.length === 1 && found[0] === 'spine-worker-gpu0-0';
    });
  });

  it('ends at once although the engine never answers', async (test) => {
    const folder = await tempDir(test);
    const silent = createServer().listen(join(folder, 'silent.sock'));
    await once(silent, 'listening');
    test.after(() => silent.close());
    const config = `docker: { host: "unix://${folder}/silent.sock", request_timeout: 5m }\n`;
    const daemon = await startDaemon({ folder, config });
    test.after(() => daemon.process.kill('SIGKILL'));
    const startedMs = performance.now();
    assert.equal(await daemon.stop(), 0);
    assert.ok(performance.now() - startedMs < 3000);
    assert.equal((await run(['--version'], folder)).code, 0);
  });

  it('ends although a reload was under way', async (test) => {
    const daemon = await daemonWithEngine(test);
    const silent = createServer().listen(0, '127.0.0.1');
    await once(silent, 'listening');
    test.after(() => silent.close());
    const { port } = silent.address() as { port: number };
    const before = await readFile(daemon.configFile, 'utf8');
    await writeFile(
      daemon.configFile,
      `${before}dcgm: { url: "http://127.0.0.1:${port}", request_timeout: 60s }\n`,
    );
    daemon.process.kill('SIGHUP');
    const startedMs = performance.now();
    assert.equal(await daemon.stop(), 0);
    assert.ok(performance.now() - startedMs < 5000);
  });

  it('works without an engine when told so', async (test) => {
    const folder = await tempDir(test);
    await mkdir(join(folder, 'progress'));
    await writeFile(
      join(folder, 'progress', 'w.json'),
      '{"name":"ocr-worker-gpu0-0","stage":"G1","done":1,"total":2}',
    );
    const config = `docker: { enabled: false }\nprogress: { directory: "${folder}/progress" }\n`;
    const daemon = await startDaemon({ folder, config });
    test.after(() => daemon.stop());
    await daemon.whenReady();
    const page = await daemon.metrics();
    assert.equal(
      page.value('pipeline_worker_job_progress_ratio', { container: 'ocr-worker-gpu0-0', stage: 'G1' }),
      0.5,
    );
    assert.equal(page.names.has('pipeline_containers'), false);
    assert.equal(page.value('stagewatch_source_up', { source: 'docker' }), undefined);
  });

  it('ends with 0 on SIGINT', async (test) => {
    const daemon = await daemonWithEngine(test);
    daemon.process.kill('SIGINT');
    await once(daemon.process, 'exit');
    assert.equal(daemon.process.exitCode, 0);
    assert.equal(daemon.log.at(-1)?.['msg'], 'stopped');
  });
});

describe('stagewatch check-config', () => {
  it('ends with 0 for a good file and with 2 for a bad one', async (test) => {
    const folder = await tempDir(test);
    await writeFile(join(folder, 'stagewatch.yaml'), 'listen: "127.0.0.1:9847"\n');
    assert.deepEqual(await run(['check-config'], folder), {
      code: 0,
      stdout: 'stagewatch.yaml: no faults\n',
      stderr: '',
    });
    const { code, stderr } = await run(['check-config', 'missing.yaml'], folder);
    assert.equal(code, 2);
    assert.equal(stderr, 'missing.yaml: cannot be read: no such file\n');
  });

  it('--strict fails for what is allowed and most likely not meant', async (test) => {
    const folder = await tempDir(test);
    await writeFile(join(folder, 'stagewatch.yaml'), 'listen: :9847\n');
    const loose = await run(['check-config'], folder);
    assert.equal(loose.code, 0);
    assert.match(loose.stderr, /^warning: listen: :9847 is reachable from other machines/);
    assert.equal((await run(['check-config', '--strict'], folder)).code, 2);
    await writeFile(join(folder, 'stagewatch.yaml'), 'listen: :9847\nweb: { read_token: "a" }\n');
    assert.equal((await run(['check-config', '--strict'], folder)).code, 0);
  });
});

describe('the command line', () => {
  it('helps, tells its version, and refuses what it does not know', async (test) => {
    const folder = await tempDir(test);
    const help = await run(['--help'], folder);
    assert.equal(help.code, 0);
    assert.match(help.stdout, /serve.*\n.*check-config/);
    assert.match((await run(['--version'], folder)).stdout, /^\d+\.\d+\.\d+\n$/);
    const unknown = await run(['frobnicate'], folder);
    assert.equal(unknown.code, 2);
    assert.match(unknown.stderr, /no command 'frobnicate'\n\(stagewatch --help lists the commands\)/);
    assert.match((await run(['stat'], folder)).stderr, /did you mean status\?/);
    const option = await run(['status', '--bogus'], folder);
    assert.equal(option.code, 2);
    assert.match(option.stderr, /unknown option '--bogus'/);
  });
});
