import assert from 'node:assert/strict';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, describe, it, type TestContext } from 'node:test';
import { createCpuReader } from '../../../src/sources/docker/cpu-reader.js';
import { createDockerSource } from '../../../src/sources/docker/docker-source.js';
import type { Source } from '../../../src/sources/source.js';
import { createFakeClock } from '../../support/fake-clock.js';
import { type FakeEngine, startFakeEngine } from '../../support/fake-engine.js';
import { createHastyClock } from '../../support/hasty-clock.js';
import { createSourceHarness, type SourceHarness } from '../../support/source-harness.js';
import { tempDir } from '../../support/temp-dir.js';
import { waitFor } from '../../support/wait-for.js';

const NAME = 'a-worker-gpu0-0';
const OTHER = 'b-worker-gpu0-1';
const SILENT = 'no control group of any container found, CPU time is known of suspects only';

/** Waits are cut to a hundredth. */
const HASTE = 100;

async function writeCpuStat(root: string, id: string, usedSeconds: number): Promise<void> {
  const folder = join(root, 'docker', id);
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'cpu.stat'), `usage_usec ${usedSeconds * 1e6}\n`);
}

describe('CPU time of the containers of an engine', () => {
  let engine: FakeEngine;
  let harness: SourceHarness;
  let source: Source | undefined;
  let root: string;
  let suspects: readonly string[];
  let quiet: ReadonlySet<string>;

  beforeEach(async (test) => {
    const folder = await tempDir(test as never);
    root = join(folder, 'cgroup');
    engine = await startFakeEngine({ folder });
    harness = createSourceHarness();
    suspects = [];
    quiet = new Set();
    engine.containers.set('aaa', { id: 'aaa', name: NAME, state: 'running', cpuNs: 7e9 });
    engine.containers.set('bbb', { id: 'bbb', name: OTHER, state: 'running', cpuNs: 8e9 });
    engine.containers.set('ccc', { id: 'ccc', name: 'c-worker-gpu0-2', state: 'exited', cpuNs: 9e9 });
  });

  afterEach(async () => {
    await source?.stop();
    await engine.close();
  });

  function start(): void {
    const address = {
      target: 'unix://engine',
      socketPath: engine.socketPath,
      protocol: 'http',
      tls: {},
    } as const;
    const config = {
      request_timeout: 1500 * HASTE,
      relist_interval: 60_000 * HASTE,
      inspect_concurrency: 4,
      cpu_interval: 10_000,
      cgroup_root: root,
    };
    const context = {
      ...harness.context,
      clock: createHastyClock(HASTE),
      suspects: () => suspects.map((id) => ({ id, isQuiet: quiet.has(id) })),
    };
    source = createDockerSource({ address, config }, context);
    source.start();
  }

  const writeCgroup = (id: string, usedSeconds: number) => writeCpuStat(root, id, usedSeconds);

  const used = (name: string) => harness.fleet.cpu.get(name)?.usedSeconds;
  const whenUsed = (name: string, seconds: number) =>
    waitFor(`${name} to have used ${seconds} s`, () => used(name) === seconds);
  const statsAsked = () => engine.requests.filter((path) => path.includes('/stats'));
  const logged = (message: string) => harness.logLines.filter((line) => line.includes(message));
  const health = () => harness.fleet.sources.get('docker');

  it('is read from control groups again and again, and the engine is not asked', async () => {
    suspects = ['aaa', 'bbb'];
    await writeCgroup('aaa', 1);
    await writeCgroup('bbb', 2);
    start();
    await whenUsed(NAME, 1);
    await whenUsed(OTHER, 2);
    await writeCgroup('aaa', 3);
    await whenUsed(NAME, 3);
    assert.deepEqual(statsAsked(), []);
    assert.deepEqual(logged('control group'), []);
  });

  it('is asked of the engine where no control group is found, for suspects that run, and a line says so once', async () => {
    suspects = ['aaa', 'ccc', 'unknown'];
    start();
    await whenUsed(NAME, 7);
    engine.containers.set('aaa', { id: 'aaa', name: NAME, state: 'running', cpuNs: 7.5e9 });
    await whenUsed(NAME, 7.5);
    await waitFor('many looks', () => statsAsked().length >= 6);
    assert.deepEqual(
      new Set(statsAsked()),
      new Set(['/v1.41/containers/aaa/stats?stream=false&one-shot=true']),
    );
    assert.equal(logged(SILENT).length, 1);
    assert.match(logged(SILENT)[0] ?? '', /"level":"warn".*mount \/sys\/fs\/cgroup of the host/);
    assert.equal(health()?.isUp, true);
    assert.equal(
      Object.values(health()?.failures ?? {}).reduce((sum, count) => sum + count, 0),
      0,
    );
  });

  it('of a suspect that control groups do not show is asked of the engine while the others are read', async () => {
    suspects = ['aaa', 'bbb'];
    await writeCgroup('aaa', 1);
    start();
    await whenUsed(NAME, 1);
    await whenUsed(OTHER, 8);
    assert.deepEqual(logged('control group'), []);
    assert.ok(statsAsked().every((path) => path.includes('/bbb/')));
  });

  it('is not taken from the engine of a quiet suspect that control groups show, but what it takes in and gives out is', async () => {
    suspects = ['aaa', 'bbb'];
    quiet = new Set(['aaa']);
    let received = 5000;
    engine.intercept = (path, _request, response) => {
      if (path !== '/containers/aaa/stats') return false;
      const cpu_stats = { cpu_usage: { total_usage: 77e9 } };
      received += 100_000;
      const networks = { eth0: { rx_bytes: received, tx_bytes: 10 } };
      response.end(JSON.stringify({ read: '2025-11-23T12:13:20Z', cpu_stats, networks }));
      return true;
    };
    await writeCgroup('aaa', 1);
    await writeCgroup('bbb', 2);
    start();
    await whenUsed(NAME, 1);
    await waitFor('its traffic', () => harness.fleet.io.get(NAME)?.recent?.inBytes === 100_000);
    assert.notEqual(harness.fleet.io.get(NAME)?.lastBusyAtMs, undefined);
    assert.equal(used(NAME), 1);
    assert.deepEqual([...harness.fleet.io.keys()], [NAME]);
    assert.ok(statsAsked().every((path) => path.includes('/aaa/')));
  });

  it('that the engine does not tell costs one line, no failure, and keeps no other waiting', async () => {
    suspects = ['aaa', 'bbb'];
    let isBroken = true;
    engine.intercept = (path, _request, response) => {
      if (path !== '/containers/aaa/stats' || !isBroken) return false;
      response.writeHead(500).end('cannot');
      return true;
    };
    start();
    await whenUsed(OTHER, 8);
    await waitFor('many looks', () => statsAsked().length >= 8);
    assert.equal(used(NAME), undefined);
    assert.equal(logged('the engine does not tell what a suspect uses').length, 1);
    assert.equal(health()?.failures.rejected, 0);
    isBroken = false;
    await whenUsed(NAME, 7);
  });

  it('asked of an engine that does not answer leaves lists and inspects alone, and ends with the time limit', async () => {
    for (let index = 0; index < 100; index++) {
      const id = `x${index}`;
      engine.containers.set(id, { id, name: `x-worker-gpu0-${index}`, state: 'running', cpuNs: 1e9 });
    }
    suspects = [...engine.containers.keys()];
    let isSilent = true;
    engine.intercept = (path) => isSilent && path.endsWith('/stats');
    await writeCgroup('bbb', 1);
    start();
    await waitFor('all to be asked that are asked at once', () => statsAsked().length === 64);
    for (const seconds of [2, 3]) {
      await writeCgroup('bbb', seconds);
      await whenUsed(OTHER, seconds);
    }
    engine.emit('aaa', 'oom');
    await waitFor('an event and its inspect', () => {
      const inspects = engine.requests.filter((path) => path.endsWith('/aaa/json')).length;
      return harness.fleet.containers.get(NAME)?.counters.oomEvents === 1 && inspects >= 2;
    });
    assert.equal(statsAsked().length, 64, 'no more until these have ended');
    isSilent = false;
    await waitFor('all of them to be read in turn', () => harness.fleet.cpu.size === 102);
  });
});

describe('the reader of CPU time', () => {
  const client = { getJsonApart: () => Promise.resolve(undefined), isPodman: false };

  async function startReader(test: TestContext, ids: readonly string[], isRemote = false) {
    const root = await tempDir(test);
    const clock = createFakeClock();
    const { context, observations, logLines } = createSourceHarness(clock);
    const config = { cpu_interval: 10_000, cgroup_root: root };
    for (const id of ids) await writeCpuStat(root, id, 1);
    const running = ids.map((id) => ({ id, cgroup: {} }));
    const stop = createCpuReader({ config, isRemote }, context).follow({
      client,
      running: () => running,
      nameOf: () => undefined,
      dumpSignalOf: () => undefined,
    });
    await clock.advance(0);
    return { root, clock, observations, logLines, stop };
  }

  it('asks what a quiet suspect’s processes wait for, but for Podman, which would run ps in the container', async () => {
    const asked = async (isPodman: boolean) => {
      const paths: string[] = [];
      const getJsonApart = ({ path }: { readonly path: string }) => {
        paths.push(path);
        return Promise.resolve(undefined);
      };
      const { context } = createSourceHarness(createFakeClock());
      const suspects = () => [{ id: 'aaa', isQuiet: true }];
      const config = { cpu_interval: 10_000, cgroup_root: null };
      const stop = createCpuReader({ config, isRemote: false }, { ...context, suspects }).follow({
        client: { getJsonApart, isPodman },
        running: () => [{ id: 'aaa', cgroup: {} }],
        nameOf: () => undefined,
        dumpSignalOf: () => undefined,
      });
      await waitFor('it to be asked', () => paths.length > 0);
      stop();
      return paths;
    };
    assert.deepEqual(await asked(false), ['/containers/aaa/stats', '/containers/aaa/top']);
    assert.deepEqual(await asked(true), ['/containers/aaa/stats']);
  });

  it('reads at each interval, and no more once it is stopped', async (test) => {
    const { clock, observations, stop } = await startReader(test, ['aaa']);
    await clock.advance(25_000);
    const [firstMs] = observations.map((one) => (one.kind === 'cpu-read' ? one.atMs : 0));
    assert.deepEqual(
      observations.map((one) => one.kind === 'cpu-read' && one.atMs - (firstMs ?? 0)),
      [0, 10_000, 20_000],
    );
    stop();
    await clock.advance(100_000);
    assert.equal(observations.length, 3);
  });

  it('says when there are no control groups, and when there are', async (test) => {
    const { root, clock, observations, logLines } = await startReader(test, ['aaa', 'bbb']);
    const said = () => logLines.map((line) => JSON.parse(line).msg as string);
    const hidden = join(root, '..', `${basename(root)}-hidden`);
    test.after(() => rm(hidden, { recursive: true, force: true }));
    await rename(root, hidden);
    await clock.advance(100_000);
    assert.deepEqual(said(), [SILENT]);
    const before = observations.length;
    await rename(hidden, root);
    await clock.advance(40_000);
    assert.deepEqual(said(), [SILENT, 'CPU time is read from control groups']);
    assert.ok(observations.length > before);
  });

  it('reads many in slices', async (test) => {
    const ids = Array.from({ length: 600 }, (_, index) => `c${index}`);
    const { observations } = await startReader(test, ids);
    const sizes = () => observations.map((one) => (one.kind === 'cpu-read' ? one.readings.length : 0));
    await waitFor('all slices', () => sizes().length === 3);
    assert.deepEqual(sizes(), [250, 250, 100]);
  });

  it('only mentions that a remote engine has no control groups here', async (test) => {
    const { root, clock, logLines } = await startReader(test, ['aaa'], true);
    await rm(join(root, 'docker'), { recursive: true });
    await clock.advance(100_000);
    assert.deepEqual(
      logLines.map((line) => /"level":"(\w+)".*"msg":"(.*)"/.exec(line)?.slice(1)),
      [['info', SILENT]],
    );
  });
});
