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
  /** Result vector of an instant query, now or at a moment; a query that it refuses rejects with its reason. */
  query(expression: string, atMs?: number): Promise<readonly InstantSeries[]>;
  /** Result matrix of a range query. */
  queryRange(expression: string, range: QueryRange): Promise<readonly RangeSeries[]>;
  stop(): Promise<void>;
}

export interface InstantSeries {
  readonly metric: Readonly<Record<string, string>>;
  readonly value: number;
}

export interface QueryRange {
  readonly fromMs: number;
  readonly toMs: number;
  readonly stepMs: number;
}

export interface RangeSeries {
  readonly metric: Readonly<Record<string, string>>;
  readonly values: readonly { readonly atMs: number; readonly value: number }[];
}

/** Blocks that are in `folder`'s `tsdb` already are served as well, however old they are. */
export async function startRealPrometheus(
  folder: string,
  config: string,
  flags: readonly string[] = [],
): Promise<RealPrometheus> {
  const port = await freePort();
  const file = join(folder, 'prometheus.yml');
  await writeFile(file, config);
  const server = spawn(
    requireProgram('prometheus'),
    [
      `--config.file=${file}`,
      `--storage.tsdb.path=${join(folder, 'tsdb')}`,
      '--storage.tsdb.retention.time=100y',
      `--web.listen-address=127.0.0.1:${port}`,
      ...flags,
    ],
    { stdio: 'ignore' },
  );
  const url = `http://127.0.0.1:${port}`;
  await waitFor('Prometheus', async () => (await fetch(`${url}/-/ready`)).status === 200, 60_000);
  return {
    url,
    async query(expression, atMs) {
      const time = atMs === undefined ? {} : { time: String(atMs / 1000) };
      const result = await ask(url, 'query', { query: expression, ...time });
      return result.map(({ metric, value }) => ({ metric, value: Number(value?.[1]) }));
    },
    async queryRange(expression, { fromMs, toMs, stepMs }) {
      const result = await ask(url, 'query_range', {
        query: expression,
        start: String(fromMs / 1000),
        end: String(toMs / 1000),
        step: String(stepMs / 1000),
      });
      return result.map(({ metric, values = [] }) => ({
        metric,
        values: values.map(([seconds, value]) => ({ atMs: seconds * 1000, value: Number(value) })),
      }));
    },
    async stop() {
      if (server.exitCode !== null) return;
      server.kill('SIGTERM');
      await once(server, 'exit');
    },
  };
}

interface Answered {
  readonly metric: Record<string, string>;
  readonly value?: readonly [number, string];
  readonly values?: readonly (readonly [number, string])[];
}

async function ask(
  url: string,
  what: 'query' | 'query_range',
  parameters: Readonly<Record<string, string>>,
): Promise<readonly Answered[]> {
  const response = await fetch(`${url}/api/v1/${what}`, {
    method: 'POST',
    body: new URLSearchParams(parameters),
  });
  const answer = (await response.json()) as { data?: { result: readonly Answered[] }; error?: string };
  if (!answer.data) throw new Error(`${parameters['query']}: ${answer.error}`);
  return answer.data.result;
}

/** What `promtool check metrics` says of a page; empty when it finds nothing. */
export async function checkMetrics(page: string): Promise<string> {
  const check = promisify(execFile)(requireProgram('promtool'), ['check', 'metrics']);
  check.child.stdin?.end(page);
  const { stdout, stderr } = await check.catch((error: { stdout: string; stderr: string }) => error);
  return stdout + stderr;
}
