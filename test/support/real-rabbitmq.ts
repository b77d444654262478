/** A RabbitMQ broker of a test's own, with the management and prometheus plugins: own node, ports and folders. */

import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { freePort } from './free-port.js';
import { requireProgram } from './machine.js';
import { waitFor } from './wait-for.js';

const BIN = '/usr/lib/rabbitmq/bin';
const START_LIMIT_MS = 60_000;
const STOP_LIMIT_MS = 20_000;

export interface RealRabbitmq {
  readonly amqpPort: number;
  /** Of the vhost `/`, as guest. */
  readonly amqpUrl: string;
  readonly metricsUrl: string;
  readonly managementUrl: string;
  /** One call of the management API as guest; the parsed answer, undefined without one. */
  manage(method: string, path: string, body?: unknown): Promise<unknown>;
  /** Runs rabbitmqctl against this node; takes some seconds. */
  control(...args: string[]): Promise<void>;
  /** The broker neither answers nor closes anything, until `thaw`. */
  freeze(): void;
  thaw(): void;
  /** Ends the broker; its durable queues stay for `startAgain`. */
  stop(): Promise<void>;
  startAgain(): Promise<void>;
  /** Stops for good and removes everything. */
  dispose(): Promise<void>;
}

export interface RealRabbitmqOptions {
  /** An address of this host, beside loopback, on which clients are taken too: that of a bridge to containers. */
  readonly alsoAt?: string;
}

export async function startRabbitmq({ alsoAt }: RealRabbitmqOptions = {}): Promise<RealRabbitmq> {
  const folder = await mkdtemp(join(tmpdir(), 'stagewatch-rabbitmq-'));
  const [amqpPort, managementPort, metricsPort, distPort, epmdPort] = await fivePorts();
  const env = {
    PATH: process.env['PATH'],
    LANG: 'C.UTF-8',
    HOME: folder,
    RABBITMQ_NODENAME: `stagewatch${amqpPort}@localhost`,
    RABBITMQ_CONFIG_FILE: join(folder, 'rabbitmq'),
    RABBITMQ_ENABLED_PLUGINS_FILE: join(folder, 'plugins'),
    RABBITMQ_LOG_BASE: folder,
    RABBITMQ_MNESIA_BASE: join(folder, 'mnesia'),
    RABBITMQ_DIST_PORT: String(distPort),
    RABBITMQ_CONF_ENV_FILE: '/dev/null',
    ERL_EPMD_PORT: String(epmdPort),
    ERL_EPMD_ADDRESS: '127.0.0.1',
  };
  await writeFile(
    join(folder, 'rabbitmq.conf'),
    [
      `listeners.tcp.1 = 127.0.0.1:${amqpPort}`,
      ...(alsoAt === undefined ? [] : [`listeners.tcp.2 = ${alsoAt}:${amqpPort}`]),
      `management.tcp.port = ${managementPort}`,
      'management.tcp.ip = 127.0.0.1',
      `prometheus.tcp.port = ${metricsPort}`,
      'prometheus.tcp.ip = 127.0.0.1',
      'loopback_users = none',
      'collect_statistics_interval = 1000',
      '',
    ].join('\n'),
  );
  await writeFile(join(folder, 'plugins'), '[rabbitmq_management,rabbitmq_prometheus].\n');
  const managementUrl = `http://guest:guest@127.0.0.1:${managementPort}`;
  let server: ChildProcess | undefined;

  async function manage(method: string, path: string, body?: unknown): Promise<unknown> {
    const response = await fetch(`http://127.0.0.1:${managementPort}/api${path}`, {
      method,
      headers: {
        authorization: `Basic ${Buffer.from('guest:guest').toString('base64')}`,
        'content-type': 'application/json',
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: HTTP ${response.status} ${text}`);
    return text === '' ? undefined : JSON.parse(text);
  }

  async function startAgain(): Promise<void> {
    const started = spawn(requireProgram(`${BIN}/rabbitmq-server`), { env, detached: true, stdio: 'ignore' });
    server = started;
    let failure: unknown;
    started.on('error', (error) => {
      failure = error;
    });
    try {
      await waitFor(
        'the broker to answer',
        async () => {
          if (failure !== undefined || started.exitCode !== null) return 'ended' as const;
          // The last listener to come up is the prometheus plugin's or the management's: ask both.
          await manage('GET', '/overview');
          return (await fetch(`http://127.0.0.1:${metricsPort}/metrics/detailed`)).ok && ('up' as const);
        },
        START_LIMIT_MS,
      );
      if (failure !== undefined || started.exitCode !== null)
        throw new Error(`RabbitMQ did not start: ${String(failure ?? (await lastLog(folder)))}`);
    } catch (error) {
      await stop();
      throw error;
    }
  }

  function signalGroup(signal: NodeJS.Signals): void {
    if (server?.pid === undefined || server.exitCode !== null || server.signalCode !== null) return;
    process.kill(-server.pid, signal);
  }

  async function stop(): Promise<void> {
    const stopping = server;
    if (stopping?.pid === undefined) return;
    const hasEnded = (): boolean => stopping.exitCode !== null || stopping.signalCode !== null;
    signalGroup('SIGTERM');
    await waitFor('the broker to end', hasEnded, STOP_LIMIT_MS).catch(() => signalGroup('SIGKILL'));
    await waitFor('the broker to be gone', hasEnded);
  }

  await startAgain().catch(async (error: unknown) => {
    await rm(folder, { recursive: true, force: true });
    throw error;
  });

  return {
    amqpPort,
    amqpUrl: `amqp://guest:guest@127.0.0.1:${amqpPort}/`,
    metricsUrl: `http://127.0.0.1:${metricsPort}`,
    managementUrl,
    manage,
    async control(...args) {
      await promisify(execFile)(
        requireProgram(`${BIN}/rabbitmqctl`),
        ['-n', env.RABBITMQ_NODENAME, ...args],
        { env },
      );
    },
    freeze: () => signalGroup('SIGSTOP'),
    thaw: () => signalGroup('SIGCONT'),
    stop,
    startAgain,
    async dispose() {
      signalGroup('SIGCONT');
      await stop();
      // The port mapper of this node only; it refuses while it still knows a node.
      await promisify(execFile)('epmd', ['-port', String(epmdPort), '-kill'], { env }).catch(() => undefined);
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function fivePorts(): Promise<[number, number, number, number, number]> {
  return [await freePort(), await freePort(), await freePort(), await freePort(), await freePort()];
}

async function lastLog(folder: string): Promise<string> {
  const text = await readFile(join(folder, 'erl_crash.dump'), 'utf8').catch(() => 'see its log');
  return text.slice(0, 500);
}
