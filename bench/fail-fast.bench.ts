/** How soon after the death of a worker's container its failure sentinel is on disk, on a real engine, the wait included. */

import { mkdir, mkdtemp, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startDaemon } from '../test/support/daemon.js';
import { IMAGE, type RealDocker, startRealDocker } from '../test/support/real-docker.js';
import { waitFor } from '../test/support/wait-for.js';
import { printTable, summarize } from './support/measure.js';

const WORKERS = Number(process.env['BENCH_DEATHS'] ?? 100);
/** The others live on, as they would. */
const SURVIVORS = 20;
const STAGE = 'G3_02';

export async function run(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'stagewatch-bench-'));
  const engine = await startRealDocker();
  try {
    await bench(engine, folder);
  } finally {
    await engine.dispose();
    await rm(folder, { recursive: true, force: true });
  }
}

async function bench(engine: RealDocker, folder: string): Promise<void> {
  for (const path of ['progress', 'artifacts']) await mkdir(join(folder, path));
  const names = Array.from({ length: WORKERS + SURVIVORS }, (_, index) => `paddle-worker-gpu0-${index}`);
  const queue = names.values();
  const lane = async (): Promise<void> => {
    for (const name of queue)
      await engine.docker('run', '-d', '--network', 'none', '--name', name, IMAGE, 'sleep', '9999');
  };
  await Promise.all([lane(), lane(), lane(), lane()]);
  for (const name of names) await beginJob(folder, name);
  const daemon = await startDaemon({
    folder,
    config: `
docker: { host: "${engine.host}" }
progress: { directory: "${join(folder, 'progress')}" }
sentinels: { root: "${join(folder, 'artifacts')}" }
recovery: { write_failure_sentinels: true, failure_sentinels_per_minute: 1000 }
stages: [{ id: ${STAGE}, workers: "paddle-worker-*", redelivers: false }]
`,
  });
  try {
    await daemon.whenReady();
    const alone = await killEach(engine, folder, names.slice(0, WORKERS / 2));
    const together = await killAll(engine, folder, names.slice(WORKERS / 2, WORKERS));
    const row = (what: string, delaysMs: readonly number[]) => {
      const { medianMs, p99Ms, minMs } = summarize(delaysMs);
      return [what, delaysMs.length, minMs, medianMs, p99Ms];
    };
    printTable(
      'Death of a container to its failure sentinel on disk, ms (2,000 of them are the wait for the worker’s own)',
      ['how', 'deaths', 'min', 'median', 'p99'],
      [row('one after the other', alone), row('all at once', together)],
    );
  } finally {
    await daemon.stop();
  }
}

async function beginJob(folder: string, name: string): Promise<void> {
  const path = join(folder, 'progress', `${name}.json`);
  const job = { role: 'worker', name, stage: STAGE, document: name, started_at: Date.now() / 1000 };
  await writeFile(`${path}.tmp`, JSON.stringify(job));
  await rename(`${path}.tmp`, path);
}

async function kill(engine: RealDocker, name: string): Promise<number> {
  const { Pid } = ((await engine.inspect(name))['State'] ?? {}) as { Pid: number };
  process.kill(Pid, 'SIGKILL');
  return Date.now();
}

/** By the file's own time stamp, so that looking late costs nothing. */
async function delayOf(folder: string, name: string, killedAtMs: number): Promise<number> {
  const file = join(folder, 'artifacts', name, STAGE, 'sentinel.json.failed');
  const { mtimeMs } = await waitFor(`the sentinel of ${name}`, () => stat(file), 60_000);
  return mtimeMs - killedAtMs;
}

async function killEach(engine: RealDocker, folder: string, names: readonly string[]): Promise<number[]> {
  const delaysMs: number[] = [];
  for (const name of names) delaysMs.push(await delayOf(folder, name, await kill(engine, name)));
  return delaysMs;
}

async function killAll(engine: RealDocker, folder: string, names: readonly string[]): Promise<number[]> {
  const killed = new Map<string, number>();
  for (const name of names) killed.set(name, await kill(engine, name));
  const delaysMs = await Promise.all([...killed].map(([name, atMs]) => delayOf(folder, name, atMs)));
  const written = await readdir(join(folder, 'artifacts'));
  if (written.length !== WORKERS) throw new Error(`${written.length} folders for ${WORKERS} deaths`);
  return delaysMs;
}
