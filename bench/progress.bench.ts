/** 300 progress files: a look by the source, thread included, against a bare loop of synchronous reads. */

import { mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { systemClock } from '../src/lib/clock.js';
import { createLogger } from '../src/lib/logger.js';
import { createDirectorySweep } from '../src/sources/progress/sweep-directory.js';
import { createSweeperThread } from '../src/sources/progress/sweeper-thread.js';
import { measurePicture } from './progress-picture.js';

const FILES = 300;
const ROUNDS = 200;
const WARM_UP = 20;
/** Beyond the tick within which a changed file is read again. */
const STEP_MS = 5000;

export async function run(): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'stagewatch-bench-'));
  const log = createLogger({ level: 'silent', format: 'json', write: () => undefined });
  const threads = [0, 1].map(() => createSweeperThread({ directory, clock: systemClock, log }));
  try {
    writeAll(directory, 0);
    const [changing, resting] = threads;
    if (!changing || !resting) throw new Error('no threads');
    const inline = createDirectorySweep(directory);
    const times: Record<string, number[]> = {};
    for (let round = 1; round <= ROUNDS + WARM_UP; round++) {
      const nowMs = round * STEP_MS;
      writeAll(directory, round);
      const took: Record<string, number> = {
        'bare sync loop': await time(() => bareLoop(directory)),
        'look, all 300 changed': await time(() => changing.sweep(nowMs)),
        'same, without the thread': await time(() => inline(nowMs)),
        promises: await time(() => promiseLoop(directory)),
      };
      await resting.sweep(nowMs);
      await resting.sweep(nowMs + STEP_MS - 1);
      took['look, none changed'] = await time(() => resting.sweep(nowMs + STEP_MS - 1));
      if (round <= WARM_UP) continue;
      for (const [name, ms] of Object.entries(took)) times[name] = [...(times[name] ?? []), ms];
    }
    print(times);
    printPicture(measurePicture());
  } finally {
    await Promise.all(threads.map((thread) => thread.close()));
    rmSync(directory, { recursive: true });
  }
}

function writeAll(directory: string, done: number): void {
  for (let i = 0; i < FILES; i++) {
    const name = `paddle-worker-gpu${i % 8}-${i}`;
    const body = {
      schema: 1,
      role: 'worker',
      name,
      stage: 'G3_02',
      state: 'running',
      document: `PMC${i}`,
      done,
      total: 400,
      unit: 'page',
      message: 'reading the page',
      started_at: 1_763_900_000,
      updated_at: 1_763_900_123.5 + done,
    };
    writeFileSync(join(directory, `.${name}.tmp`), JSON.stringify(body));
    renameSync(join(directory, `.${name}.tmp`), join(directory, `${name}.json`));
  }
}

function bareLoop(directory: string): unknown[] {
  const read: unknown[] = [];
  for (const entry of readdirSync(directory)) {
    read.push(JSON.parse(readFileSync(`${directory}/${entry}`, 'utf8')));
  }
  return read;
}

async function promiseLoop(directory: string): Promise<unknown[]> {
  const entries = await readdir(directory);
  return Promise.all(
    entries.map(async (entry) => JSON.parse(await readFile(`${directory}/${entry}`, 'utf8')) as unknown),
  );
}

async function time(work: () => unknown): Promise<number> {
  const startedMs = performance.now();
  await work();
  return performance.now() - startedMs;
}

function print(times: Readonly<Record<string, number[]>>): void {
  const floor = quantile(times['bare sync loop'] ?? [], 0.5);
  console.log(`${FILES} progress files, ${ROUNDS} rounds`.padEnd(36), 'med ms', ' p99 ms', '  ratio');
  for (const [name, samples] of Object.entries(times)) {
    const median = quantile(samples, 0.5);
    const cells = [median, quantile(samples, 0.99), median / floor].map((cell) =>
      cell.toFixed(2).padStart(7),
    );
    console.log(name.padEnd(35), ...cells);
  }
}

function printPicture(times: Readonly<Record<string, number[]>>): void {
  console.log('event loop held, 3,300 workers'.padEnd(36), 'med ms', ' p99 ms');
  for (const [name, samples] of Object.entries(times)) {
    const cells = [0.5, 0.99].map((share) => quantile(samples, share).toFixed(2).padStart(7));
    console.log(name.padEnd(35), ...cells);
  }
}

function quantile(samples: readonly number[], share: number): number {
  const sorted = samples.toSorted((one, other) => one - other);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await run();
