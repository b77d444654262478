/** A real engine with workers that hang when told to, a real daemon that may restart them, and the answers of its API. */

import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { JournalEntry } from '../../src/journal/journal-entry.js';
import { type Daemon, startDaemon } from './daemon.js';
import { type EngineProxy, type Meddle, startEngineProxy } from './engine-proxy.js';
import { type PipelineWriter, startPipelineWriter } from './pipeline-writer.js';
import { IMAGE, type RealDocker, startRealDocker } from './real-docker.js';
import { tempDir } from './temp-dir.js';
import { waitFor } from './wait-for.js';

export interface ApiRecovery {
  readonly inFlight: readonly { readonly container: string; readonly phase: string }[];
  readonly workers: readonly {
    readonly container: string;
    readonly decision: string;
    readonly reason: string;
    readonly text: string;
  }[];
  readonly recent: readonly {
    readonly incident: string;
    readonly container: string;
    readonly result: string;
    readonly dryRun: boolean;
    readonly text: string;
    readonly by: string;
    readonly evidence: string | null;
  }[];
}

export interface ApiFinding {
  readonly evidence: readonly string[];
  readonly kind: string;
  readonly summary: string;
  readonly container: string | null;
}

/** YAML as an object; sections are merged with those of the rig. */
export type RigConfig = Readonly<Record<string, object>>;

export interface RecoveryRig {
  docker: RealDocker['docker'];
  /** A worker's container, which prints and then sleeps. */
  start(name: string, how?: StartOptions): Promise<void>;
  /** It begins a job, and hangs in it unless it makes a step. */
  begin(name: string, document: string): Promise<void>;
  /** It makes a step in its job. */
  step(name: string): Promise<void>;
  /** Its job ends well: its file goes. */
  finish(name: string): Promise<void>;
  startedAt(name: string): Promise<string>;
  /** Waits for another StartedAt than before. */
  whenStartedAgain(name: string, before: string, limitMs: number): Promise<string>;
  /** Starts the daemon; again, after it has ended, on the data of the one before. */
  serve(config?: RigConfig, options?: { readonly isReady?: boolean }): Promise<Daemon>;
  daemon(): Daemon;
  startProxy(meddle: Meddle): Promise<EngineProxy>;
  /** As kill -9 and the OOM killer do. */
  killDaemon(): Promise<void>;
  /** How often the engine has restarted the container since it was made. */
  restartEvents(name: string): Promise<number>;
  recovery(): Promise<ApiRecovery>;
  findings(): Promise<readonly ApiFinding[]>;
  journal(types: string): Promise<readonly JournalEntry[]>;
  whenFinding(kind: string, limitMs: number): Promise<ApiFinding>;
  dataDirectory(): string;
  post(path: string, body: object): Promise<unknown>;
  /** Ends the daemon, removes all containers and files. */
  clear(): Promise<void>;
  dispose(): Promise<void>;
}

export interface StartOptions {
  readonly ignoresTerm?: boolean;
  readonly hasTty?: boolean;
  /** A folder of the host that it writes to every second. */
  readonly writesTo?: string;
}

interface Job {
  readonly document: string;
  readonly started_at: number;
  readonly done: number;
}

const STALL = '20s';
export const TOKEN = 'a-token-of-the-test';

/** On an engine that is shared with others, its daemon sees only its own containers, and it removes only them. */
export async function startRecoveryRig(shared?: RealDocker): Promise<RecoveryRig> {
  const cleanups: (() => unknown)[] = [];
  const root = await tempDir({
    after: (task?: unknown) => void cleanups.push(task as () => unknown),
  } as never);
  const engine = shared ?? (await startRealDocker());
  const names = new Set<string>();
  const project = `rig-${randomUUID()}`;
  const writer: PipelineWriter = startPipelineWriter();
  const proxies: EngineProxy[] = [];
  let daemon: Daemon | undefined;
  let folder = join(root, '0');
  let number = 0;
  const jobs = new Map<string, Job>();

  const progressFolder = (): string => join(folder, 'progress');

  async function write(name: string, job: Job): Promise<void> {
    jobs.set(name, job);
    const path = join(progressFolder(), `${name}.json`);
    await writer.write(path, { role: 'worker', name, total: 1000, unit: 'page', ...job });
  }

  async function removeContainers(): Promise<void> {
    if (names.size > 0) await engine.docker('rm', '-f', ...names).catch(() => undefined);
    names.clear();
  }

  async function stopDaemon(): Promise<void> {
    await daemon?.stop();
    daemon = undefined;
  }

  function running(): Daemon {
    if (!daemon) throw new Error('no daemon runs');
    return daemon;
  }

  async function read<T>(path: string): Promise<T> {
    return ((await (await fetch(`${running().url}${path}`)).json()) as { data: T }).data;
  }

  async function startedAt(name: string): Promise<string> {
    const { State } = (await engine.inspect(name)) as { State: { StartedAt: string } };
    return State.StartedAt;
  }

  /** For a wait in vain. */
  async function whatIsSeen(): Promise<object> {
    const [findings, recovery, journal] = await Promise.all([
      rig.findings(),
      rig.recovery(),
      read<readonly JournalEntry[]>('/api/v1/journal'),
    ]);
    return { findings: findings.map(({ kind, summary }) => `${kind}: ${summary}`), recovery, journal };
  }

  const rig: RecoveryRig = {
    docker: engine.docker,
    async start(name, { ignoresTerm = false, hasTty = false, writesTo } = {}) {
      const print =
        'i=0; while [ $i -lt 200 ]; do echo out $i; echo err $i >&2; i=$((i+1)); done; sleep 1; echo out end; sleep 1; echo err end >&2';
      names.add(name);
      // As process 1 a shell gets no signal that it does not ask for.
      const trap = ignoresTerm ? "trap '' TERM" : "trap 'exit 0' TERM";
      const rest = writesTo === undefined ? 'sleep 1000 & wait $!' : 'date > /disk/x; sleep 1';
      const script = `${trap}; ${print}; echo amqp://me:hunter2@host; while :; do ${rest}; done`;
      const label = `com.docker.compose.project=${project}`;
      const options = ['--network', 'none', '--label', label, '--env', 'PASSWORD=hunter2'];
      if (hasTty) options.push('-t');
      if (writesTo !== undefined) options.push('--volume', `${writesTo}:/disk`);
      await engine.docker('run', '-d', ...options, '--name', name, IMAGE, 'sh', '-c', script);
    },
    begin: (name, document) => write(name, { document, started_at: Date.now() / 1000, done: 1 }),
    async step(name) {
      const job = jobs.get(name);
      if (!job) throw new Error(`${name} has no job`);
      await write(name, { ...job, done: job.done + 1 });
    },
    async finish(name) {
      jobs.delete(name);
      await rm(join(progressFolder(), `${name}.json`));
    },
    startedAt,
    whenStartedAgain: (name, before, limitMs) =>
      waitFor(
        `${name} to be started again`,
        async () => {
          const now = await startedAt(name);
          return now !== before && now;
        },
        limitMs,
        whatIsSeen,
      ),
    async serve(config = {}, { isReady = true } = {}) {
      await stopDaemon();
      daemon = await startDaemon({ folder, config: renderConfig(config) });
      if (isReady) await daemon.whenReady();
      return daemon;
    },
    daemon: running,
    async startProxy(meddle) {
      const proxy = await startEngineProxy(folder, engine.socketPath, meddle);
      proxies.push(proxy);
      return proxy;
    },
    async killDaemon() {
      const { process: child } = running();
      child.kill('SIGKILL');
      await once(child, 'exit');
      daemon = undefined;
    },
    async restartEvents(name) {
      const until = String(Math.ceil(Date.now() / 1000) + 1);
      const filters = ['--filter', `container=${name}`, '--filter', 'event=restart'];
      const lines = await engine.docker('events', '--since', '1h', '--until', until, ...filters);
      return lines.split('\n').filter((line) => line !== '').length;
    },
    recovery: () => read('/api/v1/recovery'),
    findings: () => read('/api/v1/findings'),
    journal: (types) => read(`/api/v1/journal?type=${types}`),
    whenFinding: (kind, limitMs) =>
      waitFor(
        `a finding ${kind}`,
        async () => (await rig.findings()).find((one) => one.kind === kind),
        limitMs,
        whatIsSeen,
      ),
    dataDirectory: () => join(folder, 'data'),
    async post(path, body) {
      const response = await fetch(`${running().url}${path}`, {
        method: 'POST',
        headers: { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' },
        body: JSON.stringify(body),
      });
      return ((await response.json()) as { data: unknown }).data;
    },
    async clear() {
      await stopDaemon();
      for (const proxy of proxies.splice(0)) await proxy.close();
      await removeContainers();
      await rm(folder, { recursive: true, force: true });
      number++;
      folder = join(root, String(number));
      await mkdir(progressFolder(), { recursive: true });
    },
    async dispose() {
      await stopDaemon();
      for (const proxy of proxies.splice(0)) await proxy.close();
      writer.stop();
      if (shared) await removeContainers();
      else await engine.dispose();
      for (const task of cleanups) await task();
    },
  };

  function renderConfig(config: RigConfig): string {
    const base: RigConfig = {
      docker: { host: engine.host, compose_project: project, cpu_interval: '1s' },
      progress: { directory: progressFolder(), interval: '200ms' },
      detection: { interval: '1s' },
      stages: [{ id: 'G3_02', workers: 'paddle-worker-*', stall_after: STALL }],
      web: { bearer_token: TOKEN },
      recovery: {
        enabled: true,
        dry_run: false,
        stop_timeout: '0s',
        start_grace: '1s',
        hands_off: '1s',
        verify_within: '60s',
      },
    };
    const merged = Object.entries({ ...base, ...config }).map(([name, section]) => {
      const own = Array.isArray(section) ? section : { ...base[name], ...section };
      return `${name}: ${JSON.stringify(own)}\n`;
    });
    return merged.join('');
  }

  return rig;
}

/** One case on an engine that others share, cleaned up whatever comes. */
export async function withRecoveryRig(
  engine: RealDocker,
  play: (rig: RecoveryRig) => Promise<void>,
): Promise<void> {
  const rig = await startRecoveryRig(engine);
  try {
    await rig.clear();
    await play(rig);
  } finally {
    await rig.dispose();
  }
}
