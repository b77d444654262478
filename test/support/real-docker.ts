/** A Docker Engine of a test's own: own folders and socket, an image made from busybox, stopped and removed at the end. */

import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { createEngineClient, type EngineClient } from './engine-client.js';
import { IMAGE, importImage, inspectContainer, removeAllContainers } from './engine-contents.js';
import { requireProgram } from './machine.js';

import { waitFor } from './wait-for.js';

const run = promisify(execFile);

export { IMAGE };

export interface RealDocker {
  /** `unix:///…/docker.sock` */
  readonly host: string;
  readonly socketPath: string;
  /** Process id of the engine now running. */
  readonly pid: number;
  /** Asks the engine itself: what is asked again and again is not to start a client each time. */
  readonly api: EngineClient;
  /** Runs the docker client and gives its output. */
  docker(...args: string[]): Promise<string>;
  inspect(name: string): Promise<Record<string, unknown>>;
  removeAllContainers(): Promise<void>;
  /** Ends the engine, as an upgrade would; containers end with it. */
  stop(): Promise<void>;
  startAgain(): Promise<void>;
  /** Ends everything and removes the folders. */
  dispose(): Promise<void>;
}

export interface RealDockerOptions {
  /** Address and width of the engine's bridge, `172.30.77.1/24`; absent: containers have no network but the host's. */
  readonly bridge?: string;
}

export async function startRealDocker({ bridge }: RealDockerOptions = {}): Promise<RealDocker> {
  const folder = await mkdtemp(join(tmpdir(), 'stagewatch-docker-'));
  const socketPath = join(folder, 'docker.sock');
  const host = `unix://${socketPath}`;
  const client = requireProgram('docker');
  const log = createWriteStream(join(folder, 'dockerd.log'));
  const api = createEngineClient(socketPath);
  // Of its own name: an engine that starts without a bridge removes the one that engines make themselves.
  const bridgeName = bridge === undefined ? undefined : `sw${process.pid}`;
  if (bridge !== undefined && bridgeName !== undefined) await makeBridge(bridgeName, bridge);
  const start = () => startEngine({ folder, host, log, bridgeName });
  let engine = await start();

  async function docker(...args: string[]): Promise<string> {
    const { stdout } = await run(client, ['-H', host, ...args], { maxBuffer: 64 * 1024 * 1024 });
    return stdout.trim();
  }

  async function stop(): Promise<void> {
    if (engine.exitCode !== null || engine.signalCode !== null) return;
    engine.kill('SIGTERM');
    await once(engine, 'exit');
  }

  async function isReady(): Promise<boolean> {
    return (await api.ask('/_ping')).status === 200;
  }

  await waitFor('the engine to answer', isReady, 60_000);
  await importImage(folder, docker);

  return {
    host,
    socketPath,
    get pid() {
      return engine.pid ?? 0;
    },
    api,
    docker,
    inspect: (name) => inspectContainer(api, name),
    removeAllContainers: () => removeAllContainers(api),
    stop,
    async startAgain() {
      engine = await start();
      await waitFor('the engine to answer again', isReady, 60_000);
    },
    async dispose() {
      await removeAllContainers(api).catch(() => undefined);
      await stop();
      if (bridgeName !== undefined) await run('ip', ['link', 'delete', bridgeName]);
      log.end();
      await unmountBelow(folder);
      await rm(folder, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

/** The engine leaves the network namespace of the host mounted; a folder that is busy cannot be removed. */
async function unmountBelow(folder: string): Promise<void> {
  const mounts = (await readFile('/proc/self/mounts', 'utf8'))
    .split('\n')
    .map((line) => line.split(' ')[1] ?? '');
  // The deepest last in the list, and first to go.
  for (const path of mounts.filter((one) => one.startsWith(`${folder}/`)).toReversed()) {
    await run('umount', ['--lazy', path]);
  }
}

interface EngineStart {
  readonly folder: string;
  readonly host: string;
  readonly log: NodeJS.WritableStream;
  readonly bridgeName: string | undefined;
}

async function makeBridge(name: string, address: string): Promise<void> {
  await run('ip', ['link', 'add', name, 'type', 'bridge']);
  await run('ip', ['address', 'add', address, 'dev', name]);
  await run('ip', ['link', 'set', name, 'up']);
}

async function startEngine({ folder, host, log, bridgeName }: EngineStart) {
  await rm(join(folder, 'pid'), { force: true });
  const engine = spawn(
    requireProgram('dockerd'),
    [
      `--data-root=${join(folder, 'data')}`,
      `--exec-root=${join(folder, 'exec')}`,
      `--pidfile=${join(folder, 'pid')}`,
      `--host=${host}`,
      `--bridge=${bridgeName ?? 'none'}`,
      '--iptables=false',
      '--ip-forward=false',
      '--shutdown-timeout=2',
    ],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  );
  engine.stdout.pipe(log, { end: false });
  engine.stderr.pipe(log, { end: false });
  return engine;
}
