/** What watching 321 real containers costs the engine and us, and how soon a death is on the page, against polling. */

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { Agent, get } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import { createClassifier } from '../src/fleet/classify.js';
import { createFleetStore } from '../src/fleet/fleet-store.js';
import { systemClock } from '../src/lib/clock.js';
import { cgroupFile, cgroupPlaces } from '../src/sources/docker/cgroup-layout.js';
import { createCgroupReader } from '../src/sources/docker/cgroup-reader.js';
import { connectDocker, type DockerClient } from '../src/sources/docker/docker-client.js';
import { createEngineClock } from '../src/sources/docker/engine-clock.js';
import { createInspectQueue } from '../src/sources/docker/inspect-queue.js';
import { parseContainerList, parseInspected } from '../src/sources/docker/parse-container.js';
import { type Daemon, startDaemon } from '../test/support/daemon.js';
import { IMAGE, type RealDocker, startRealDocker } from '../test/support/real-docker.js';
import { startRealPrometheus } from '../test/support/real-prometheus.js';
import { TEST_CLASSIFY } from '../test/support/source-harness.js';
import { waitFor } from '../test/support/wait-for.js';
import { cpuMs, measureInTurns, printTable, residentMb, summarize } from './support/measure.js';

const CONTAINERS = Number(process.env['BENCH_CONTAINERS'] ?? 321);
const MINUTE_MS = Number(process.env['BENCH_MINUTE_MS'] ?? 60_000);
const KILLS = Math.min(30, CONTAINERS);
const LANES = 4;
const CGROUP_ROOT = '/sys/fs/cgroup';
const MAX_BYTES = 64 * 1024 * 1024;

const root = new URL('../../', import.meta.url).pathname;

export async function run(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'stagewatch-bench-'));
  const engine = await startRealDocker();
  try {
    await createContainers(engine);
    await benchStatePass(engine);
    await benchCpuTime(engine);
    await benchEngineLoad(engine, folder);
    await benchDaemon(engine, folder);
  } finally {
    await engine.dispose();
    await rm(folder, { recursive: true, force: true });
  }
}

async function createContainers(engine: RealDocker): Promise<void> {
  const names = Array.from({ length: CONTAINERS }, (_, index) => `paddle-worker-gpu${index % 8}-${index}`);
  const queue = names.values();
  async function lane(): Promise<void> {
    for (const name of queue) {
      await engine.docker('run', '-d', '--network', 'none', '--name', name, IMAGE, 'sleep', '100000');
    }
  }
  await Promise.all(Array.from({ length: LANES }, lane));
}

interface PollingMonitor {
  pass(): Promise<number>;
  stop(): void;
}

function startPollingMonitor(engine: RealDocker): PollingMonitor {
  const child = spawn('python3', [join(root, 'bench/peers/polling_monitor.py'), engine.socketPath], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  return {
    async pass() {
      child.stdin.write('\n');
      return Number((await lines.next()).value);
    },
    stop: () => child.kill(),
  };
}

/** The calls alone, in lanes, each answer parsed as JSON and dropped. */
async function barePass({ socketPath }: RealDocker, agent: Agent): Promise<void> {
  const getJson = (path: string): Promise<unknown> =>
    new Promise((resolve, reject) => {
      get({ socketPath, path, agent }, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('end', () => resolve(JSON.parse(Buffer.concat(chunks).toString())));
      }).on('error', reject);
    });
  const list = (await getJson('/containers/json?all=1')) as { Id: string }[];
  const ids = list.values();
  async function lane(): Promise<void> {
    for (const { Id } of ids) await getJson(`/containers/${Id}/json`);
  }
  await Promise.all(Array.from({ length: LANES }, lane));
}

/** As the source does it: a list, then an inspect of one in `fraction`, all into a fleet. */
async function statePass(client: DockerClient, fraction: number): Promise<void> {
  const store = createFleetStore(createClassifier(TEST_CLASSIFY));
  const queue = createInspectQueue({
    clock: systemClock,
    concurrency: LANES,
    minGapMs: 0,
    async inspect(id) {
      const facts = parseInspected(await client.getJson({ path: `/containers/${id}/json` }, MAX_BYTES));
      store.apply({ kind: 'container-inspected', atMs: Date.now(), facts });
    },
  });
  const { containers } = parseContainerList(
    await client.getJson({ path: '/containers/json', query: { all: 1 } }, MAX_BYTES),
  );
  store.apply({ kind: 'containers-listed', askedAtMs: 0, atMs: 1, containers });
  containers.forEach(({ id }, index) => {
    if (index % fraction === 0) queue.request(id);
  });
  await queue.whenIdle();
  if (store.fleet.containers.size !== CONTAINERS)
    throw new Error(`${store.fleet.containers.size} containers`);
}

async function benchStatePass(engine: RealDocker): Promise<void> {
  const monitor = startPollingMonitor(engine);
  const agent = new Agent({ keepAlive: true, maxSockets: LANES });
  const client = await connectDocker({
    address: { target: engine.host, socketPath: engine.socketPath, protocol: 'http', tls: {} },
    clock: systemClock,
    timeLimitMs: 10_000,
    maxConnections: LANES + 1,
    engineClock: createEngineClock(() => undefined),
    signal: new AbortController().signal,
  });
  const measured = await measureInTurns(
    [
      { name: 'polling monitor (Python, list and inspects one by one)', run: () => monitor.pass() },
      {
        name: 'floor: Node.js alone, 4 kept connections, nothing understood',
        run: () => barePass(engine, agent),
      },
      { name: 'stagewatch, first pass: all inspected', run: () => statePass(client, 1) },
      { name: 'stagewatch, each later pass: listed, a tenth inspected', run: () => statePass(client, 10) },
    ],
    20,
  );
  client.close();
  agent.destroy();
  monitor.stop();
  const peer = measured[0]?.medianMs ?? Number.NaN;
  printTable(
    `State of ${CONTAINERS} containers`,
    ['way', 'median ms', 'p99 ms', '× polling'],
    measured.map(({ name, medianMs, p99Ms }) => [name, medianMs, p99Ms, medianMs / peer]),
  );
}

/** Reading all control groups against the same files in a bare loop, and against the engine's own way. */
async function benchCpuTime(engine: RealDocker): Promise<void> {
  const ids = (await engine.docker('ps', '-q', '--no-trunc')).split('\n');
  const containers = ids.map((id) => ({ id, cgroup: {} }));
  const reader = createCgroupReader({ root: CGROUP_ROOT });
  const readAll = (): void => {
    if (reader.read(containers, 0).readings.length !== CONTAINERS) throw new Error('some were not found');
  };
  readAll();
  const [place] = cgroupPlaces({}).filter((one) => existsSync(cgroupFile(CGROUP_ROOT, one, ids[0] ?? '')));
  if (!place) throw new Error('no control groups');
  const files = ids.map((id) => cgroupFile(CGROUP_ROOT, place, id));
  const measured = await measureInTurns(
    [
      { name: 'bare loop of readFileSync', run: () => files.map((file) => readFileSync(file, 'utf8')) },
      { name: 'stagewatch', run: readAll },
    ],
    100,
  );
  const peerMs = await measureInTurns(
    [{ name: 'docker stats --no-stream', run: () => engine.docker('stats', '--no-stream') }],
    1,
  );
  const floor = measured[0]?.medianMs ?? Number.NaN;
  printTable(
    `CPU time of ${CONTAINERS} containers`,
    ['way', 'median ms', 'p99 ms', '× bare loop'],
    [...measured, ...peerMs].map(({ name, medianMs, p99Ms }) => [name, medianMs, p99Ms, medianMs / floor]),
  );
}

/** The engine and the containerd it started. */
async function enginePids(engine: RealDocker): Promise<readonly number[]> {
  const children = await readFile(`/proc/${engine.pid}/task/${engine.pid}/children`, 'utf8').catch(() => '');
  const found = new Set([engine.pid, ...children.trim().split(' ').filter(Boolean).map(Number)]);
  for (const entry of await readdir('/proc')) {
    const status = /^\d+$/.test(entry) ? await readFile(`/proc/${entry}/stat`, 'utf8').catch(() => '') : '';
    const [, name, parent] = /\((.*)\) \S (\d+)/.exec(status) ?? [];
    if (name === 'containerd' && Number(parent) === engine.pid) found.add(Number(entry));
  }
  return [...found];
}

async function engineCpuDuring(engine: RealDocker, work: () => Promise<unknown>): Promise<number> {
  const pids = await enginePids(engine);
  const before = await cpuMs(pids);
  await work();
  return (await cpuMs(pids)) - before;
}

async function benchEngineLoad(engine: RealDocker, folder: string): Promise<void> {
  const idle = await engineCpuDuring(engine, () => pause(MINUTE_MS));
  const monitor = startPollingMonitor(engine);
  const polled = await engineCpuDuring(engine, async () => {
    for (let pass = 0; pass < 4; pass++) await Promise.all([monitor.pass(), pause(MINUTE_MS / 4)]);
  });
  monitor.stop();
  const daemon = await startDaemon({ folder, config: `docker: { host: "${engine.host}" }\n` });
  await daemon.whenReady();
  const pid = daemon.process.pid ?? 0;
  const ownBefore = await cpuMs([pid]);
  const watched = await engineCpuDuring(engine, () => pause(MINUTE_MS));
  const own = (await cpuMs([pid])) - ownBefore;
  await daemon.stop();
  const net = polled - idle;
  printTable(
    `CPU of the engine over ${MINUTE_MS / 1000} s, and of the daemon`,
    ['way', 'engine ms', 'net of idle', '× polling', 'own ms'],
    [
      ['idle', idle, 0, 0, ''],
      ['inspect all every 15 s', polled, net, 1, ''],
      ['stagewatch', watched, watched - idle, (watched - idle) / net, own],
    ],
  );
}

async function benchDaemon(engine: RealDocker, folder: string): Promise<void> {
  const floor = await startLibraries();
  const startedMs = performance.now();
  const daemon = await startDaemon({ folder, config: `docker: { host: "${engine.host}" }\n` });
  const listeningMs = performance.now() - startedMs;
  await daemon.whenReady();
  const readyMs = performance.now() - startedMs;
  await benchDeaths(engine, daemon);
  await benchScrape(daemon, folder);
  const ours = await residentMb(daemon.process.pid ?? 0);
  const theirs = await residentMb(floor.process.pid ?? 0);
  floor.process.kill();
  await daemon.stop();
  printTable(
    'Process',
    ['process', 'RSS MB', 'anonymous MB', 'listening ms', 'first picture ms'],
    [
      ['seven libraries, idle', theirs.all, theirs.anonymous, floor.listeningMs, ''],
      [`stagewatch, ${CONTAINERS} containers, after scrapes`, ours.all, ours.anonymous, listeningMs, readyMs],
      [
        'ratio',
        ours.all / theirs.all,
        ours.anonymous / theirs.anonymous,
        listeningMs / floor.listeningMs,
        '',
      ],
    ],
  );
}

async function startLibraries(): Promise<{ process: ChildProcess; listeningMs: number }> {
  const startedMs = performance.now();
  const child = spawn(process.execPath, [join(root, 'bench/peers/seven-libraries.mjs')], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(child.stdout, 'data');
  return { process: child, listeningMs: performance.now() - startedMs };
}

/** From SIGKILL of a container's process to the exit on the page. */
async function benchDeaths(engine: RealDocker, daemon: Daemon): Promise<void> {
  const times: number[] = [];
  for (let index = 0; index < KILLS; index++) {
    const name = `paddle-worker-gpu${index % 8}-${index}`;
    const { Pid } = (await engine.inspect(name))['State'] as { Pid: number };
    const startedMs = performance.now();
    process.kill(Pid, 'SIGKILL');
    await waitFor(`the death of ${name}`, async () => {
      const page = await daemon.metricsText();
      return page.includes(
        `pipeline_container_state{container="${name}",role="worker",stage="paddle-worker",state="exited"} 1`,
      );
    });
    times.push(performance.now() - startedMs);
  }
  const { medianMs, p99Ms } = summarize(times);
  printTable(
    'SIGKILL of a container to its series',
    ['deaths', 'median ms', 'worst ms', 'polling every 15 s, mean ms'],
    [[KILLS, medianMs, p99Ms, 7500]],
  );
}

async function benchScrape(daemon: Daemon, folder: string): Promise<void> {
  const target = new URL(daemon.url).host;
  const prometheus = await startRealPrometheus(
    folder,
    `scrape_configs: [{job_name: stagewatch, scrape_interval: 1s, static_configs: [{targets: ["${target}"]}]}]\n`,
  );
  await pause(Math.min(30_000, MINUTE_MS / 2));
  const [median] = await prometheus.query('quantile_over_time(0.5, scrape_duration_seconds[1m])');
  const [worst] = await prometheus.query('max_over_time(scrape_duration_seconds[1m])');
  const [samples] = await prometheus.query('scrape_samples_scraped');
  await prometheus.stop();
  printTable(
    'Scrape by a real Prometheus (gzip)',
    ['samples', 'median s', 'worst s'],
    [[samples?.value ?? 0, median?.value ?? 0, worst?.value ?? 0]],
  );
}

if (process.argv[1]?.endsWith('docker.bench.js')) await run();
