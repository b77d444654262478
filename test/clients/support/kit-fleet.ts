/** A pipeline of the worker's kit in containers, with this machine's Python, on an engine and a broker of its own. */

import { existsSync } from 'node:fs';
import { chmod, mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { pathForEngine } from '../../servers/suites.js';
import { IMAGE, type RealDocker, startRealDocker } from '../../support/real-docker.js';
import { type RealRabbitmq, startRabbitmq } from '../../support/real-rabbitmq.js';
import { tempDir } from '../../support/temp-dir.js';

export interface KitContainer {
  readonly name: string;
  /** Below `programs`. */
  readonly program: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Further arguments of `docker run`. */
  readonly args?: readonly string[];
  /** Instead of `data` and `progress`: folders of another pipeline on the same engine. */
  readonly subfolder?: string;
}

export interface KitFleet {
  readonly engine: RealDocker;
  readonly broker: RealRabbitmq;
  /** Holds `data` and `progress`, which the containers write. */
  readonly folder: string;
  /** Runs a program of the folder that `programs` names, with the kit beside it. */
  run(container: KitContainer): Promise<void>;
  makeFolders(subfolder?: string): Promise<void>;
  dispose(): Promise<void>;
}

export async function startKitFleet(programs: string): Promise<KitFleet> {
  const cleanups: (() => unknown)[] = [];
  const folder = await tempDir({
    after: (task?: unknown) => void cleanups.push(task as () => unknown),
  } as never);
  const [dockerd, rabbitmq] = await Promise.allSettled([startRealDocker(), startRabbitmq()]);
  if (dockerd.status === 'fulfilled') cleanups.push(() => dockerd.value.dispose());
  if (rabbitmq.status === 'fulfilled') cleanups.push(() => rabbitmq.value.dispose());

  async function dispose(): Promise<void> {
    for (const task of cleanups.toReversed()) await task();
  }

  if (dockerd.status === 'rejected' || rabbitmq.status === 'rejected') {
    await dispose();
    throw dockerd.status === 'rejected' ? dockerd.reason : (rabbitmq as PromiseRejectedResult).reason;
  }
  const engine = dockerd.value;
  const broker = rabbitmq.value;

  async function makeFolders(subfolder = ''): Promise<void> {
    for (const name of ['progress', 'data']) {
      await mkdir(join(folder, subfolder, name), { recursive: true });
      await chmod(join(folder, subfolder, name), 0o777);
    }
  }

  await makeFolders();
  const mounts = ['/usr', '/lib', '/lib64', '/etc'].filter((path) => existsSync(path));
  return {
    engine,
    broker,
    folder,
    makeFolders,
    dispose,
    async run({ name, program, env = {}, args = [], subfolder = '' }) {
      const all = {
        PYTHONPATH: '/kit',
        PYTHONDONTWRITEBYTECODE: '1',
        DATA: '/data',
        STAGEWATCH_NAME: name,
        STAGEWATCH_RABBITMQ_AMQP_URL: broker.amqpUrl,
        ...env,
      };
      await engine.docker(
        'run',
        '-d',
        // The engine of the tests has no network of its own, so HOSTNAME would be this machine's.
        '--network=host',
        `--name=${name}`,
        ...mounts.map((path) => `--volume=${pathForEngine(path)}:${path}:ro`),
        `--volume=${resolve('clients/python')}:/kit:ro`,
        `--volume=${resolve(programs)}:/app:ro`,
        `--volume=${join(folder, subfolder, 'data')}:/data`,
        `--volume=${join(folder, subfolder, 'progress')}:/run/pipeline/progress`,
        ...Object.entries(all).map(([key, value]) => `--env=${key}=${value}`),
        ...args,
        IMAGE,
        '/usr/bin/python3',
        `/app/${program}`,
      );
    },
  };
}
