/** The real daemon as a process of its own, as a user runs it. */

import { type ChildProcess, type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { parseSeries, type Series } from './series.js';
import { waitFor } from './wait-for.js';

export interface DaemonOptions {
  /** An empty folder: configuration and data go there. */
  readonly folder: string;
  /** YAML; `listen` and `data_dir` are added. */
  readonly config?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** A module that is loaded before the daemon, with a channel to this process. */
  readonly preload?: URL;
}

export interface Daemon {
  readonly url: string;
  readonly process: ChildProcess;
  readonly configFile: string;
  /** Lines of the log so far, as JSON. */
  readonly log: readonly Record<string, unknown>[];
  readonly stderr: () => string;
  metricsText(): Promise<string>;
  metrics(): Promise<Series>;
  whenReady(): Promise<void>;
  /** Sends SIGTERM and resolves with the exit code. */
  stop(): Promise<number | null>;
}

/** A machine that is busy with other tests takes long to start a process. */
const LISTEN_LIMIT_MS = 60_000;

const MAIN = fileURLToPath(new URL('../../src/main.js', import.meta.url));

export async function startDaemon(options: DaemonOptions): Promise<Daemon> {
  const { folder, config = '', env = {}, preload } = options;
  const configFile = join(folder, 'stagewatch.yaml');
  await writeFile(configFile, `listen: 127.0.0.1:0\ndata_dir: ${join(folder, 'data')}\n${config}`);
  const before = preload ? ['--import', preload.href] : [];
  const child = spawn(process.execPath, [...before, MAIN, 'serve', '--config', configFile], {
    cwd: folder,
    env: { PATH: process.env['PATH'], ...env },
    stdio: ['ignore', 'pipe', 'pipe', ...(preload ? (['ipc'] as const) : [])],
  }) as ChildProcessByStdio<null, Readable, Readable>;
  const log: Record<string, unknown>[] = [];
  let pending = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    const lines = (pending + chunk).split('\n');
    pending = lines.pop() ?? '';
    for (const line of lines) log.push(JSON.parse(line) as Record<string, unknown>);
  });
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    stderr += chunk;
  });
  const url = await waitFor(
    'the daemon to listen',
    () => {
      if (child.exitCode !== null) throw new Error(`the daemon ended with ${child.exitCode}: ${stderr}`);
      return log.find(({ msg }) => msg === 'listening')?.['url'] as string | undefined;
    },
    LISTEN_LIMIT_MS,
  );
  const base = url.replace(/\/$/, '');

  async function metricsText(): Promise<string> {
    const response = await fetch(`${base}/metrics`);
    if (response.status !== 200) throw new Error(`/metrics answered ${response.status}`);
    return response.text();
  }

  return {
    url: base,
    process: child,
    configFile,
    log,
    stderr: () => stderr,
    metricsText,
    metrics: async () => parseSeries(await metricsText()),
    async whenReady() {
      await waitFor(
        'the daemon to be ready',
        async () => (await fetch(`${base}/-/ready`)).status === 200,
        30_000,
      );
    },
    async stop() {
      if (child.exitCode === null && child.signalCode === null) {
        child.kill('SIGTERM');
        await once(child, 'exit');
      }
      return child.exitCode;
    },
  };
}
