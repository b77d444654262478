/** Starts a Prometheus beside the demo, if there is one on the PATH, with the rules that stagewatch ships. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, constants, readdirSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { delimiter, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { renderConfig } from '../config/render-config.js';

export interface DemoPrometheus {
  readonly url: string;
  readonly pid: number | undefined;
  readonly ruleFiles: number;
  stop(): Promise<void>;
}

export interface DemoPrometheusOptions {
  readonly program: string;
  /** Of the demo: its own files go into a folder in it. */
  readonly folder: string;
  /** `127.0.0.1:9847` */
  readonly target: string;
}

const READY_LIMIT_MS = 20_000;
const LOOK_EVERY_MS = 200;
const STOP_LIMIT_MS = 4000;
/** Two folders deep in a checkout (build/src/cli is three), one in the package. */
const RULE_FOLDERS = ['../../alerts/', '../../../alerts/'];

/** Absolute; undefined where there is none. */
export function findPrometheus(path: string | undefined): string | undefined {
  return (path ?? '')
    .split(delimiter)
    .filter((folder) => folder !== '')
    .map((folder) => join(folder, 'prometheus'))
    .find((file) => canRun(file));
}

/** Rejects with what it said last when it ends before it is ready. */
export async function startDemoPrometheus(options: DemoPrometheusOptions): Promise<DemoPrometheus> {
  const { program, folder, target } = options;
  const home = join(folder, 'prometheus');
  const configFile = join(folder, 'prometheus.yml');
  const rules = findRules();
  await writeFile(configFile, renderConfig(prometheusConfig(target, rules)));
  const port = await freePort();
  const args = [
    `--config.file=${configFile}`,
    `--storage.tsdb.path=${home}`,
    `--web.listen-address=127.0.0.1:${port}`,
    '--log.level=error',
  ];
  const process = spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  process.stderr.setEncoding('utf8').on('data', (text: string) => {
    said = (said + text).slice(-2000);
  });
  const ended = Promise.race([once(process, 'exit'), once(process, 'error')]).then(() => 'ended' as const);
  const url = `http://127.0.0.1:${port}`;

  async function stop(): Promise<void> {
    process.kill('SIGTERM');
    const late = pause(STOP_LIMIT_MS, 'late' as const, { ref: false });
    if ((await Promise.race([ended, late])) === 'late') process.kill('SIGKILL');
    await ended;
  }

  const isReady = await Promise.race([whenReady(url), ended]);
  if (isReady === true) return { url, pid: process.pid, ruleFiles: rules.length, stop };
  await stop();
  throw new Error(isReady === 'ended' ? `it ended: ${lastLine(said)}` : 'it does not get ready');
}

function canRun(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    // Not there, or not for us: the next folder is tried.
    return false;
  }
}

function findRules(): readonly string[] {
  for (const relative of RULE_FOLDERS) {
    const folder = fileURLToPath(new URL(relative, import.meta.url));
    try {
      return readdirSync(folder)
        .filter((name) => name.endsWith('.rules.yml'))
        .map((name) => join(folder, name));
    } catch {
      // Not this deep: the other place is tried.
    }
  }
  return [];
}

function prometheusConfig(target: string, rules: readonly string[]) {
  return {
    global: { scrape_interval: '2s', evaluation_interval: '5s' },
    rule_files: rules,
    scrape_configs: [{ job_name: 'stagewatch', static_configs: [{ targets: [target] }] }],
  };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return typeof address === 'object' ? (address?.port ?? 0) : 0;
}

/** False: not within the limit. */
async function whenReady(url: string): Promise<boolean> {
  const endMs = performance.now() + READY_LIMIT_MS;
  while (performance.now() < endMs) {
    // Until it listens every attempt fails.
    const status = await fetch(`${url}/-/ready`)
      .then((response) => response.status)
      .catch(() => 0);
    if (status === 200) return true;
    await pause(LOOK_EVERY_MS);
  }
  return false;
}

function lastLine(text: string): string {
  return text.trim().split('\n').at(-1) ?? '';
}
