/** A Prometheus of a test's own that scrapes what the test serves. */

import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { freePort } from './free-port.js';
import { requireProgram } from './machine.js';
import { waitFor } from './wait-for.js';

export interface RealPrometheus {
  readonly url: string;
  /** Result vector of an instant query. */
  query(expression: string): Promise<readonly { metric: Record<string, string>; value: number }[]>;
  stop(): Promise<void>;
}

export async function startRealPrometheus(folder: string, config: string): Promise<RealPrometheus> {
  const port = await freePort();
  const file = join(folder, 'prometheus.yml');
  await writeFile(file, config);
  const server = spawn(
    requireProgram('prometheus'),
    [
      `--config.file=${file}`,
      `--storage.tsdb.path=${join(folder, 'tsdb')}`,
      `--web.listen-address=127.0.0.1:${port}`,
    ],
    { stdio: 'ignore' },
  );
  const url = `http://127.0.0.1:${port}`;
  await waitFor('Prometheus', async () => (await fetch(`${url}/-/ready`)).status === 200, 60_000);
  return {
    url,
    async query(expression) {
      const response = await fetch(`${url}/api/v1/query?query=${encodeURIComponent(expression)}`);
      const answer = (await response.json()) as {
        data: { result: { metric: Record<string, string>; value: [number, string] }[] };
      };
      return answer.data.result.map(({ metric, value }) => ({ metric, value: Number(value[1]) }));
    },
    async stop() {
      if (server.exitCode !== null) return;
      server.kill('SIGTERM');
      await once(server, 'exit');
    },
  };
}

/** What `promtool check metrics` says of a page; empty when it finds nothing. */
export async function checkMetrics(page: string): Promise<string> {
  const check = promisify(execFile)(requireProgram('promtool'), ['check', 'metrics']);
  check.child.stdin?.end(page);
  const { stdout, stderr } = await check.catch((error: { stdout: string; stderr: string }) => error);
  return stdout + stderr;
}
