/** A real engine with workers that hang when told to, a real daemon that may restart them, and the answers of its API. */

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
  readonly kind: string;
  readonly summary: string;
  readonly container: string | null;
}

/** YAML as an object; sections are merged with those of the rig. */
export type RigConfig = Readonly<Record<string, object>>;

export interface RecoveryRig {
  docker: RealDocker['docker'];
  /** A worker's container, which prints and then sleeps. */
  start(name: string, how?: { readonly ignoresTerm?: boolean; readonly hasTty?: boolean }): Promise<void>;
  /** It is in the middle of a job that does not go on. */
  hang(name: string, document: string): Promise<void>;
  /** It has made a step. */
  work(name: string, document: string): Promise<void>;
  startedAt(name: string): Promise<string>;
  /** Waits for another StartedAt than before. */
  whenStartedAgain(name: string, before: string, limitMs: number): Promise<string>;
  /** Starts the daemon; again, after it has ended, on the data of the one before. */
  serve(config?: RigConfig): Promise<Daemon>;
  daemon(): Daemon;
  startProxy(meddle: Meddle): Promise<EngineProxy>;
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

const STALL = '20s';
export const TOKEN = 'a-token-of-the-test';

export async function startRecoveryRig(): Promise<RecoveryRig> {
  const cleanups: (() => unknown)[] = [];
  const root = await tempDir({
    after: (task?: unknown) => void cleanups.push(task as () => unknown),
  } as never);
  const engine = await startRealDocker();
  const writer: PipelineWriter = startPipelineWriter();
  const proxies: EngineProxy[] = [];
  let daemon: Daemon | undefined;
  let folder = join(root, '0');
  let number = 0;
  let steps = 0;

  const progressFolder = (): string => join(folder, 'progress');

  async function write(name: string, document: string): Promise<void> {
    steps++;
    const job = { document, done: steps, total: 1000, unit: 'page' };
    await writer.write(join(progressFolder(), `${name}.json`), { role: 'worker', name, ...job });
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
    return engine.docker('inspect', '--format', '{{.State.StartedAt}}', name);
  }

  const rig: RecoveryRig = {
    docker: engine.docker,
    async start(name, { ignoresTerm = false, hasTty = false } = {}) {
      const print = 'i=0; while [ $i -lt 200 ]; do echo out $i; echo err $i >&2; i=$((i+1)); done';
      // As process 1 a shell gets no signal that it does not ask for.
      const trap = ignoresTerm ? "trap '' TERM" : "trap 'exit 0' TERM";
      const script = `${trap}; ${print}; echo amqp://me:hunter2@host; while :; do sleep 1000 & wait $!; done`;
      const options = ['--network', 'none', '--env', 'PASSWORD=hunter2', ...(hasTty ? ['-t'] : [])];
      await engine.docker('run', '-d', ...options, '--name', name, IMAGE, 'sh', '-c', script);
    },
    hang: write,
    work: write,
    startedAt,
    whenStartedAgain: (name, before, limitMs) =>
      waitFor(
        `${name} to be started again`,
        async () => {
          const now = await startedAt(name);
          return now !== before && now;
        },
        limitMs,
      ),
    async serve(config = {}) {
      await stopDaemon();
      daemon = await startDaemon({ folder, config: renderConfig(config) });
      await daemon.whenReady();
      return daemon;
    },
    daemon: running,
    async startProxy(meddle) {
      const proxy = await startEngineProxy(folder, engine.socketPath, meddle);
      proxies.push(proxy);
      return proxy;
    },
    recovery: () => read('/api/v1/recovery'),
    findings: () => read('/api/v1/findings'),
    journal: (types) => read(`/api/v1/journal?type=${types}`),
    whenFinding: (kind, limitMs) =>
      waitFor(
        `a finding ${kind}`,
        async () => (await rig.findings()).find((one) => one.kind === kind),
        limitMs,
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
      await engine.removeAllContainers();
      await rm(folder, { recursive: true, force: true });
      number++;
      folder = join(root, String(number));
      await mkdir(progressFolder(), { recursive: true });
    },
    async dispose() {
      await stopDaemon();
      for (const proxy of proxies.splice(0)) await proxy.close();
      writer.stop();
      await engine.dispose();
      for (const task of cleanups) await task();
    },
  };

  function renderConfig(config: RigConfig): string {
    const base: RigConfig = {
      docker: { host: engine.host, cpu_interval: '1s' },
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
