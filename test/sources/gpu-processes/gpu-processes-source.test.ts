import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdir, symlink, utimes, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { promisify } from 'node:util';
import { configSchema } from '../../../src/config/schema.js';
import { systemClock } from '../../../src/lib/clock.js';
import { planSources } from '../../../src/sources/all-sources.js';
import { createGpuProcessesSource } from '../../../src/sources/gpu-processes/gpu-processes-source.js';
import { createSmiWay } from '../../../src/sources/gpu-processes/smi-ways.js';
import { startFakeEngine } from '../../support/fake-engine.js';
import { startServer } from '../../support/misbehaving-server.js';
import { createSourceHarness } from '../../support/source-harness.js';
import { createStandInSmi } from '../../support/stand-in-smi.js';
import { tempDir } from '../../support/temp-dir.js';
import { waitFor } from '../../support/wait-for.js';

const fixture = (name: string): string => readFileSync(`test/fixtures/nvidia-smi/${name}`, 'utf8');
const GPU_0 = 'GPU-8f1b2c3d-0a1b-4c2d-8e3f-112233445566';
const GPU_1 = 'GPU-9a2c3d4e-1b2c-4d3e-9f40-223344556677';
const NOT_DOCKER = { docker: { enabled: false } };

/** As the daemon would start it from a configuration. */
function startSource(
  test: TestContext,
  gpu_processes: object,
  { config = NOT_DOCKER, gpuContainers = [] as readonly string[] } = {},
) {
  const harness = createSourceHarness();
  const parsed = configSchema.parse({ ...config, gpu_processes: { interval: '1s', ...gpu_processes } });
  const plan = planSources(parsed, {}).find(({ name }) => name === 'gpu_processes');
  assert.ok(plan?.kind === 'watched');
  const source = plan.create({ ...harness.context, gpuContainers: () => gpuContainers });
  test.after(() => source.stop());
  source.start();
  const health = () => harness.fleet.sources.get('gpu_processes');
  const last = () => harness.observations.findLast((one) => one.kind === 'gpu-processes-read');
  return { ...harness, source, health, last };
}

describe('nvidia-smi', () => {
  it('is asked for processes at each read, for GPUs and instances only when they are new', async (test) => {
    const smi = await createStandInSmi(test);
    await smi.print({ apps: fixture('mig.csv'), gpus: fixture('gpus.csv'), list: fixture('list.txt') });
    const { source, last } = startSource(test, { command: smi.path });
    await waitFor('the processes', () => last()?.processes.length === 3);
    await source.lookNow?.();
    assert.deepEqual(
      new Set(last()?.processes.map(({ uuid }) => uuid)),
      new Set(last()?.gpus.map(({ uuid }) => uuid)),
    );
    const asked = (await smi.runs()).map(({ args }) => args.split('=')[0]);
    assert.equal(asked.filter((one) => one === '--query-gpu').length, 1);
    assert.equal(asked.filter((one) => one === '-L').length, 1);
    assert.ok(asked.filter((one) => one === '--query-compute-apps').length >= 2);
  });

  it('is started with none of the secrets of the daemon', async (test) => {
    const folder = await tempDir(test);
    const path = join(folder, 'nvidia-smi');
    await writeFile(path, '#!/bin/sh\nenv >&2\n', { mode: 0o755 });
    process.env['STAGEWATCH_TEST_SECRET'] = 'hunter2';
    test.after(() => delete process.env['STAGEWATCH_TEST_SECRET']);
    const { health } = startSource(test, { command: path });
    const problem = await waitFor('the failure', () => health()?.problem);
    assert.match(problem, /LC_ALL=C|PATH=|HOME=|PWD=/);
    assert.doesNotMatch(problem, /hunter2/);
  });

  it('that fails says what to do, and is asked again', async (test) => {
    const smi = await createStandInSmi(test);
    await smi.fail(fixture('driver-mismatch.txt'), 18);
    const { health } = startSource(test, { command: smi.path });
    await waitFor('the failure', () => /the driver was upgraded/.test(health()?.problem ?? ''));
    await smi.print({ apps: fixture('apps.csv'), gpus: fixture('gpus.csv') });
    await waitFor('it to be read again', () => health()?.isUp === true);
  });

  it('that ends without a word is named with its exit code', async (test) => {
    const smi = await createStandInSmi(test);
    await smi.fail('', 12);
    const { health } = startSource(test, { command: smi.path });
    await waitFor('the failure', () => /“exit code 12”/.test(health()?.problem ?? ''));
  });

  it('that is not there is named with the keys that help', async (test) => {
    const { health } = startSource(test, { command: '/nowhere/nvidia-smi' });
    await waitFor('the failure', () =>
      /\/nowhere\/nvidia-smi is not here: set gpu_processes.command/.test(health()?.problem ?? ''),
    );
    assert.equal(health()?.failures.unreachable, 1);
  });

  it('that hangs is ended with all it has started, and the source says so', async (test) => {
    const smi = await createStandInSmi(test);
    await smi.hang();
    const { health, source } = startSource(test, { command: smi.path, request_timeout: '200ms' });
    await waitFor('the failure', () => health()?.failures.timeout === 1);
    assert.match(health()?.problem ?? '', /^nvidia-smi: no answer within 200ms$/);
    const [first] = await smi.runs();
    assert.ok(first);
    await waitFor('it to end', () => !isThere(first.pid));
    await smi.print({ apps: fixture('apps.csv'), gpus: fixture('gpus.csv') });
    await source.lookNow?.();
    assert.equal(health()?.isUp, true);
  });

  it('leaves no process behind when the source stops while it hangs', async (test) => {
    const smi = await createStandInSmi(test);
    await smi.hang();
    const { source } = startSource(test, { command: smi.path });
    const [run] = await waitFor('it to run', async () => {
      const runs = await smi.runs();
      return runs.length > 0 && runs;
    });
    await source.stop();
    await waitFor('it to end', () => run !== undefined && !isThere(run.pid));
  });

  it('that prints without end is cut off', async (test) => {
    const folder = await tempDir(test);
    const path = join(folder, 'nvidia-smi');
    await writeFile(path, '#!/bin/sh\nyes\n', { mode: 0o755 });
    const { health } = startSource(test, { command: path });
    await waitFor('the failure', () => /printed over 1048576 bytes/.test(health()?.problem ?? ''));
  });

  it('whose figures are hidden is a source with a warning', async (test) => {
    const smi = await createStandInSmi(test);
    await smi.print({ apps: fixture('insufficient-permissions.csv'), gpus: fixture('gpus.csv') });
    const { health } = startSource(test, { command: smi.path });
    await waitFor('the warning', () =>
      /says \[Insufficient Permissions\] in place of .* run it as a user/.test(health()?.warning ?? ''),
    );
    assert.equal(health()?.isUp, true);
    await smi.print({ apps: '', gpus: fixture('gpus.csv') });
    await waitFor('the warning to be over', () => health()?.warning === undefined);
  });
});

function isThere(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

describe('a file with the same text', () => {
  it('is read, and an old one is no news', async (test) => {
    const file = join(await tempDir(test), 'gpus.txt');
    await writeFile(file, fixture('gpus.csv') + fixture('apps.csv'));
    const { health, last, source } = startSource(test, { file });
    await waitFor('the processes', () => last()?.processes.length === 3);
    const anHourAgo = new Date(Date.now() - 3_600_000);
    await utimes(file, anHourAgo, anHourAgo);
    await assert.rejects(async () => source.lookNow?.(), /was last written 1h00m ago: does the timer/);
    assert.equal(health()?.isUp, false);
  });

  it('is what the command in the documentation writes', async (test) => {
    const smi = await createStandInSmi(test);
    await smi.print({ apps: fixture('apps.csv'), gpus: fixture('gpus.csv') });
    const folder = await tempDir(test);
    const command = /^\(nvidia-smi .*$/m.exec(readFileSync('docs/gpu-processes.md', 'utf8'))?.[0];
    assert.ok(command);
    const env = { PATH: `${dirname(smi.path)}:${process.env['PATH']}` };
    await promisify(execFile)('sh', ['-c', command.replaceAll('/run/gpu', folder)], { env });
    const { last } = startSource(test, { file: join(folder, 'processes.txt') });
    await waitFor('the processes', () => last()?.processes.length === 3);
    assert.equal(last()?.gpus.length, 2);
  });

  it('that is a pipe is not waited for', async (test) => {
    const file = join(await tempDir(test), 'gpus.pipe');
    execFileSync('mkfifo', [file]);
    const { health } = startSource(test, { file });
    await waitFor('the failure', () => /gpus\.pipe is no ordinary file/.test(health()?.problem ?? ''));
  });

  it('that is missing is named', async (test) => {
    const { health } = startSource(test, { file: '/nowhere/gpus.txt' });
    await waitFor('the failure', () => /ENOENT.*\/nowhere\/gpus\.txt/.test(health()?.problem ?? ''));
  });
});

describe('a URL with the same text', () => {
  it('is read without its credentials being shown, and the engine says whose the processes are', async (test) => {
    const engine = await startFakeEngine({ folder: await tempDir(test) });
    test.after(() => engine.close());
    const lists: Readonly<Record<string, readonly number[]>> = { one: [40_000, 48_211], two: [48_377] };
    engine.intercept = (path, _request, response) => {
      const [, id = ''] = /\/containers\/(\w+)\/top/.exec(path) ?? [];
      const pids = lists[id];
      if (!pids) return false;
      const rows = pids.map((pid) => [String(pid), 'python']);
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ Titles: ['PID', 'COMMAND'], Processes: rows }));
      return true;
    };
    const { url } = await startServer(test, (_request, response) => {
      response
        .writeHead(200, { 'content-type': 'text/plain' })
        .end(fixture('gpus.csv') + fixture('apps.csv'));
    });
    const { health, last, logLines } = startSource(
      test,
      { url: `${url.replace('//', '//me:secret@')}/gpus.txt?token=t0ken` },
      {
        config: { docker: { enabled: true, host: `unix://${engine.socketPath}` } } as never,
        gpuContainers: ['one', 'two'],
      },
    );
    await waitFor('the processes', () => last()?.processes.length === 3);
    assert.deepEqual(
      last()?.processes.map(({ pid, owner }) => [pid, owner]),
      [
        [48_211, { kind: 'container', ids: ['one'] }],
        [48_377, { kind: 'container', ids: ['two'] }],
        [51_002, { kind: 'none' }],
      ],
    );
    assert.equal(health()?.target, `${url}/gpus.txt`);
    assert.doesNotMatch(logLines.join('') + JSON.stringify([health()]), /secret|t0ken/);
    // Each is known: at the next read the engine is asked for none.
    const asked = engine.requests.filter((path) => path.includes('/top')).length;
    const reads = () => health()?.lastSuccessAtMs ?? 0;
    const before = reads();
    await waitFor('another read', () => reads() > before);
    assert.equal(engine.requests.filter((path) => path.includes('/top')).length, asked);
  });

  it('whose processes no engine knows says so with the remedy, and accuses none of them', async (test) => {
    const { url } = await startServer(test, (_request, response) => {
      response.writeHead(200, { 'content-type': 'text/plain' }).end(fixture('apps.csv'));
    });
    const { health, last, fleet } = startSource(test, { url });
    await waitFor('the warning', () =>
      /whose the 3 processes on the GPUs are is not known/.test(health()?.warning ?? ''),
    );
    assert.ok(last()?.processes.every(({ owner }) => owner.kind === 'unknown'));
    assert.deepEqual(fleet.gpuOrphans, []);
    assert.deepEqual(fleet.gpuHoldings, []);
  });
});

describe('nvidia-smi in a container with process ids of its own', () => {
  it('accuses and attributes nothing by numbers that are not the host’s, and names the remedy', async (test) => {
    const engine = await startFakeEngine({ folder: await tempDir(test) });
    test.after(() => engine.close());
    const procRoot = await tempDir(test);
    await mkdir(join(procRoot, 'self/ns'), { recursive: true });
    await symlink('pid:[4026532999]', join(procRoot, 'self/ns/pid'));
    const smi = await createStandInSmi(test);
    await smi.print({ apps: `7, ${GPU_0}, 100, python\n`, gpus: fixture('gpus.csv') });
    const config = configSchema.parse({ gpu_processes: { command: smi.path, interval: '1s' } }).gpu_processes;
    const harness = createSourceHarness();
    const address = { target: 'engine', socketPath: engine.socketPath, protocol: 'http', tls: {} } as const;
    const source = createGpuProcessesSource(
      { way: createSmiWay(config, systemClock), config, engine: address, procRoot },
      { ...harness.context, gpuContainers: () => ['one'] },
    );
    test.after(() => source.stop());
    source.start();
    const health = () => harness.fleet.sources.get('gpu_processes');
    await waitFor('the warning', () =>
      /does not see the processes of the host\. Run it with pid: host/.test(health()?.warning ?? ''),
    );
    assert.deepEqual(engine.requests, []);
    assert.deepEqual(
      harness.fleet.gpuOrphans.map(({ uuid }) => uuid),
      [GPU_1],
    );
  });
});

describe('a program that the operator expects', () => {
  it('is marked, by its whole name or the last part of it', async (test) => {
    const file = join(await tempDir(test), 'gpus.txt');
    await writeFile(
      file,
      `0, ${GPU_0}\n77, ${GPU_0}, 30, /usr/bin/nvidia-cuda-mps-server\n78, ${GPU_0}, 30, python\n`,
    );
    const { last } = startSource(test, { file, expected: 'nvidia-cuda-mps-server' });
    await waitFor('the processes', () => last()?.processes.length === 2);
    assert.deepEqual(
      last()?.processes.map(({ isExpected }) => isExpected),
      [true, undefined],
    );
  });
});
