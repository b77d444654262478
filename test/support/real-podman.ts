/** Podman's service of a test's own, which speaks Docker's API: own storage and socket, no network, nothing left at the end. */

import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { createEngineClient } from './engine-client.js';
import { importImage, inspectContainer, removeAllContainers } from './engine-contents.js';
import { requireProgram } from './machine.js';
import type { RealDocker } from './real-docker.js';
import { waitFor } from './wait-for.js';

const run = promisify(execFile);

export interface RealPodman extends RealDocker {
  /** Runs podman itself on the same storage, as its timers and people do. */
  podman(...args: string[]): Promise<string>;
}

/** No systemd, no image registry, limits that need no right of the machine's own; a runtime that takes version 1 and 2 of control groups side by side. */
const CONTAINERS_CONF = `[engine]
cgroup_manager = "cgroupfs"
events_logger = "file"
runtime = "runc"
[containers]
log_driver = "k8s-file"
default_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]
`;

export async function startRealPodman(): Promise<RealPodman> {
  const folder = await mkdtemp(join(tmpdir(), 'stagewatch-podman-'));
  const socketPath = join(folder, 'podman.sock');
  const host = `unix://${socketPath}`;
  const client = requireProgram('docker');
  const program = requireProgram('podman');
  const api = createEngineClient(socketPath);
  const env = {
    ...process.env,
    CONTAINERS_CONF: join(folder, 'containers.conf'),
    PODMAN_IGNORE_CGROUPSV1_WARNING: '1',
  };
  await writeFile(join(folder, 'containers.conf'), CONTAINERS_CONF);
  await mkdir(join(folder, 'tmp'));
  const storage = [
    '--storage-driver=vfs',
    `--root=${join(folder, 'root')}`,
    `--runroot=${join(folder, 'run')}`,
  ];
  const common = [...storage, `--tmpdir=${join(folder, 'tmp')}`];

  async function podman(...args: string[]): Promise<string> {
    const { stdout } = await run(program, [...common, ...args], { env });
    return stdout.trim();
  }

  async function docker(...args: string[]): Promise<string> {
    const { stdout } = await run(client, ['-H', host, ...args], { maxBuffer: 64 * 1024 * 1024 });
    return stdout.trim();
  }

  const start = () =>
    spawn(program, [...common, 'system', 'service', '--time=0', host], { env, stdio: 'ignore' });
  const isReady = async (): Promise<boolean> => (await api.ask('/_ping')).status === 200;
  let service = start();

  async function stop(): Promise<void> {
    if (service.exitCode !== null || service.signalCode !== null) return;
    service.kill('SIGTERM');
    await once(service, 'exit');
  }

  await waitFor('Podman to answer', isReady, 60_000);
  await importImage(folder, docker);

  return {
    host,
    socketPath,
    get pid() {
      return service.pid ?? 0;
    },
    api,
    docker,
    podman,
    inspect: (name) => inspectContainer(api, name),
    removeAllContainers: () => removeAllContainers(api),
    stop,
    async startAgain() {
      service = start();
      await waitFor('Podman to answer again', isReady, 60_000);
    },
    async dispose() {
      await removeAllContainers(api).catch(() => undefined);
      await stop();
      await rm(folder, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}
