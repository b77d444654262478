/** Workers of both kits as processes beside a real broker, and what they did. */

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { connect } from 'amqplib';
import { findProgram } from '../../support/machine.js';
import type { RealRabbitmq } from '../../support/real-rabbitmq.js';
import { tempDir } from '../../support/temp-dir.js';
import { waitFor } from '../../support/wait-for.js';

export interface Kit {
  readonly name: string;
  readonly isPython: boolean;
  /** Its handler may hold its thread for as long as it likes. */
  readonly mayHold: boolean;
  readonly options: Readonly<Record<string, unknown>>;
}

export const KITS: readonly Kit[] = [
  { name: 'Python', isPython: true, mayHold: false, options: {} },
  {
    name: 'Python, connection in a process',
    isPython: true,
    mayHold: true,
    options: { connection: 'process' },
  },
  { name: 'Node.js', isPython: false, mayHold: false, options: {} },
  { name: 'Node.js, handler in a thread', isPython: false, mayHold: true, options: { threaded: true } },
];

const PYTHON_PACKAGE = resolve('clients/python');
const NODE_WORKER = fileURLToPath(new URL('./scenario-worker.js', import.meta.url));

export interface WorkerEvent {
  readonly pid: number;
  readonly event: 'begin' | 'end';
  readonly document: string;
  readonly redelivered?: boolean;
}

export interface RunningWorker {
  readonly events: readonly WorkerEvent[];
  /** Standard error so far. */
  readonly log: string;
  readonly process: ChildProcess;
  /** Its exit code, when all that it said has been read. */
  readonly ended: Promise<number | null>;
  begun(document: string): number;
  /** Sends the signal and resolves with the exit code. */
  end(signal?: NodeJS.Signals): Promise<number | null>;
}

export interface Order {
  readonly document: string;
  readonly do?: string;
  readonly seconds?: number;
  readonly text?: string;
}

export interface Scene {
  readonly folder: string;
  readonly queue: string;
  readonly progress: string;
  publish(...orders: readonly Order[]): Promise<void>;
  /** Options as Python names them; durations in seconds. */
  start(options?: Readonly<Record<string, unknown>>): RunningWorker;
  sentinel(document: string): Record<string, unknown> | undefined;
  failure(document: string): Record<string, unknown> | undefined;
  succeeded(document: string): Promise<unknown>;
  failed(document: string): Promise<Record<string, unknown>>;
  /** Ready and unacked messages, from the broker. */
  messages(): Promise<{ readonly ready: number; readonly unacked: number }>;
  /** Nothing ready and nothing unacked. */
  settled(): Promise<unknown>;
}

let scenes = 0;

/** A queue, folders and workers of a test's own on a shared broker. */
export async function openScene(test: TestContext, broker: RealRabbitmq, kit: Kit): Promise<Scene> {
  const folder = await tempDir(test);
  scenes += 1;
  const queue = `q${scenes}`;
  const progress = join(folder, 'progress');
  const data = join(folder, 'data');
  await mkdir(progress);
  await mkdir(data);
  await broker.manage('PUT', `/queues/%2F/${queue}`, { durable: true });
  const pathOf = (document: string): string => join(data, document, 'G1', 'sentinel.json');

  const messages: Scene['messages'] = async () => {
    const found = (await broker.manage('GET', `/queues/%2F/${queue}`)) as Record<string, number>;
    return { ready: found['messages_ready'] ?? -1, unacked: found['messages_unacknowledged'] ?? -1 };
  };
  const scene: Scene = {
    folder,
    queue,
    progress,
    async publish(...orders) {
      const connection = await connect(broker.amqpUrl);
      const channel = await connection.createConfirmChannel();
      for (const order of orders) {
        channel.sendToQueue(queue, Buffer.from(JSON.stringify(order)), { persistent: true });
      }
      await channel.waitForConfirms();
      await connection.close();
    },
    start(options = {}) {
      const worker = startWorker(kit, broker.amqpUrl, {
        queue,
        stage: 'G1',
        name: 'worker-1',
        progress,
        sentinel: join(data, '{document}/{stage}/sentinel.json'),
        ...options,
      });
      test.after(() => worker.end('SIGKILL'));
      return worker;
    },
    sentinel: (document) => readJson(pathOf(document)),
    failure: (document) => readJson(`${pathOf(document)}.failed`),
    succeeded: (document) => waitFor(`the success of ${document}`, () => scene.sentinel(document)),
    failed: (document) => waitFor(`the failure of ${document}`, () => scene.failure(document)),
    messages,
    settled: () =>
      waitFor(
        `queue ${queue} to be empty`,
        async () => {
          const { ready, unacked } = await messages();
          return ready === 0 && unacked === 0;
        },
        45_000,
        messages,
      ),
  };
  return scene;
}

function startWorker(kit: Kit, url: string, options: Readonly<Record<string, unknown>>): RunningWorker {
  const all: Readonly<Record<string, unknown>> = { url, ...kit.options, ...options };
  const [program = '', ...args] = kit.isPython
    ? [findProgram('/usr/bin/python3'), join(PYTHON_PACKAGE, 'tests', 'scenario_worker.py')]
    : [process.execPath, NODE_WORKER];
  const child = spawn(program, args as string[], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      PATH: process.env['PATH'],
      PYTHONPATH: PYTHON_PACKAGE,
      PYTHONDONTWRITEBYTECODE: '1',
      WORKER_OPTIONS: JSON.stringify(kit.isPython ? all : toNodeOptions(all)),
    },
  });
  let output = '';
  let log = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    log += text;
  });
  const ended = once(child, 'close').then(([code]) => code as number | null);
  const events = (): WorkerEvent[] =>
    output
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line) as WorkerEvent);
  return {
    process: child,
    ended,
    get events() {
      return events();
    },
    get log() {
      return log;
    },
    begun: (document) => events().filter((one) => one.event === 'begin' && one.document === document).length,
    async end(signal = 'SIGTERM') {
      child.kill(signal);
      return ended;
    },
  };
}

const NODE_NAMES: Readonly<Record<string, string>> = {
  retry_delay: 'retryDelayMs',
  stop_timeout: 'stopTimeoutMs',
  sentinel_patience: 'sentinelPatienceMs',
  heartbeat: 'heartbeatS',
};

function toNodeOptions(options: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(options).map(([key, value]) => {
      const name = NODE_NAMES[key] ?? key.replaceAll(/_(.)/g, (_, letter: string) => letter.toUpperCase());
      return [name, name.endsWith('Ms') ? Number(value) * 1000 : value];
    }),
  );
}

function readJson(path: string): Record<string, unknown> | undefined {
  return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>) : undefined;
}
