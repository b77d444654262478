/**
 * Measures the sentinel source: first scan against `find`, memory, stalls of the main loop, delay, and the race of a
 * folder and its file. `node build/bench/sentinels.bench.js [--files 1000000]`
 */

import { execFileSync, fork } from 'node:child_process';
import { closeSync, mkdirSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { sentinelsSection } from '../src/config/sentinels-section.js';
import { createClassifier } from '../src/fleet/classify.js';
import { createFleetStore } from '../src/fleet/fleet-store.js';
import { systemClock } from '../src/lib/clock.js';
import { createLogger } from '../src/lib/logger.js';
import { createSentinelsSource } from '../src/sources/sentinels/sentinels-source.js';

const FILES_PER_FOLDER = 100;
const STAGES = 100;
const ROUNDS = 5;

type Task = 'scan' | 'delay' | 'race';

interface TaskOptions {
  readonly task: Task;
  readonly root: string;
  readonly pattern: string;
  readonly watchBudget: number;
}

interface TaskResult {
  readonly firstLookMs: number;
  readonly found: number;
  readonly rssGrowthMb: number;
  readonly longestStallMs: number;
  readonly delaysMs: readonly number[];
  readonly written: number;
}

export async function run(files = 1_000_000): Promise<void> {
  const top = mkdtempSync(join(tmpdir(), 'stagewatch-bench-'));
  try {
    const tree = join(top, 'tree');
    const small = join(top, 'small');
    mkdirSync(small);
    console.log(`building a tree of ${files} files`);
    buildTree(tree, files);
    await benchScan(tree);
    await benchDelay('new sentinel to counted, by watch', { root: small, watchBudget: 0.2 });
    await benchDelay('new sentinel to counted, by sweep', { root: small, watchBudget: 0 });
    await benchRace(join(top, 'race'));
  } finally {
    rmSync(top, { recursive: true, force: true });
  }
}

function buildTree(root: string, files: number): void {
  for (let folder = 0; folder * FILES_PER_FOLDER < files; folder++) {
    const path = join(root, `PMC${Math.floor(folder / STAGES)}`, `G${folder % STAGES}`);
    mkdirSync(path, { recursive: true });
    for (let file = 0; file < FILES_PER_FOLDER; file++) {
      closeSync(
        openSync(join(path, `part-${file}.json${file === 0 && folder % 100 === 0 ? '.failed' : ''}`), 'w'),
      );
    }
  }
}

async function benchScan(root: string): Promise<void> {
  const find: number[] = [];
  const scan: TaskResult[] = [];
  const watched: TaskResult[] = [];
  const bare: TaskResult[] = [];
  const pattern = '{document}/{stage}/*.json';
  const empty = join(root, '..', 'empty');
  mkdirSync(empty, { recursive: true });
  for (let round = 0; round < ROUNDS; round++) {
    const startedMs = performance.now();
    execFileSync('find', [root, '-name', '*.failed']);
    find.push(performance.now() - startedMs);
    scan.push(await runTask({ task: 'scan', root, pattern, watchBudget: 0 }));
    watched.push(await runTask({ task: 'scan', root, pattern, watchBudget: 0.2 }));
    bare.push(await runTask({ task: 'scan', root: empty, pattern, watchBudget: 0 }));
  }
  const floorMs = median(find);
  const row = (name: string, results: readonly TaskResult[]): void => {
    const times = results.map(({ firstLookMs }) => firstLookMs);
    console.log(
      `${name}: med ${median(times).toFixed(0)} ms, worst ${Math.max(...times).toFixed(0)} ms, ` +
        `${(median(times) / floorMs).toFixed(2)} x find, ` +
        `main loop's longest stall ${Math.max(...results.map((one) => one.longestStallMs)).toFixed(1)} ms, ` +
        `RSS +${median(results.map((one) => one.rssGrowthMb)).toFixed(1)} MB, found ${results[0]?.found}`,
    );
  };
  console.log(`find -name '*.failed': med ${floorMs.toFixed(0)} ms`);
  row('first scan', scan);
  row('first scan with watches', watched);
  row('an empty root (the thread itself)', bare);
}

async function benchDelay(what: string, options: Pick<TaskOptions, 'root' | 'watchBudget'>): Promise<void> {
  const pattern = '{document}/{stage}/sentinel.json';
  const { delaysMs, written } = await runTask({ ...options, task: 'delay', pattern });
  const sorted = [...delaysMs].sort((one, other) => one - other);
  const at = (part: number): string => (sorted[Math.ceil(part * sorted.length) - 1] ?? Number.NaN).toFixed(1);
  console.log(
    `${what}: med ${at(0.5)} ms, p99 ${at(0.99)} ms, missed ${written - sorted.length} of ${written}`,
  );
}

async function benchRace(root: string): Promise<void> {
  mkdirSync(root);
  const { found, written } = await runTask({
    task: 'race',
    root,
    pattern: '{document}/{stage}/sentinel.json',
    watchBudget: 0.2,
  });
  console.log(`folder and file at once: missed ${written - found} of ${written} within 500 ms`);
}

/** Each task has a process of its own, so that its memory is its own. */
function runTask(options: TaskOptions): Promise<TaskResult> {
  return new Promise((resolve, reject) => {
    const child = fork(fileURLToPath(import.meta.url), ['--task', JSON.stringify(options)]);
    child.on('message', (result) => resolve(result as TaskResult));
    child.on('exit', (code) => reject(new Error(`task ended with code ${code}`)));
  });
}

async function perform({ task, root, pattern, watchBudget }: TaskOptions): Promise<TaskResult> {
  const store = createFleetStore(
    createClassifier({
      docker: { compose_project: null },
      orchestrators: [],
      infrastructure: {},
      stages: [],
    }),
  );
  const config = { ...sentinelsSection.parse({ pattern, watch_budget: watchBudget }), root };
  const log = createLogger({ level: 'silent', format: 'json', write: () => undefined });
  const delaysMs: number[] = [];
  let found = 0;
  const loop = monitorEventLoopDelay({ resolution: 1 });
  await pause(300);
  const rssBefore = process.memoryUsage.rss();
  const source = createSentinelsSource(
    { config, stages: [] },
    {
      clock: systemClock,
      log,
      apply(observation) {
        store.apply(observation);
        if (observation.kind !== 'sentinel-seen') return;
        found++;
        delaysMs.push(Date.now() - observation.sentinel.atMs);
      },
    },
  );
  // Starting a thread is a stall of its own, and of the daemon's start only.
  source.start();
  await pause(100);
  loop.enable();
  const lookedOnce = (): number | undefined => store.fleet.sources.get('sentinels')?.lastDurationMs;
  while (lookedOnce() === undefined) await pause(5);
  const firstLookMs = lookedOnce() ?? Number.NaN;
  if (task === 'scan') await pause(1500);
  const written = await write(task, root);
  const rssGrowthMb = (process.memoryUsage.rss() - rssBefore) / 1024 / 1024;
  const longestStallMs = loop.max / 1e6;
  const present = [...store.fleet.sentinels.stages.values()].reduce(
    (sum, one) => sum + (one.successes ?? 0),
    0,
  );
  await source.stop();
  return {
    firstLookMs,
    found: task === 'scan' ? present : found,
    rssGrowthMb,
    longestStallMs,
    delaysMs,
    written,
  };
}

async function write(task: Task, root: string): Promise<number> {
  if (task === 'scan') return 0;
  const count = task === 'race' ? 500 : 300;
  if (task === 'delay') {
    for (let index = 0; index < count; index++) mkdirSync(join(root, `D${index}`, 'G1'), { recursive: true });
    await pause(1500);
  }
  for (let index = 0; index < count; index++) {
    const folder = join(root, `D${index}`, 'G1');
    mkdirSync(folder, { recursive: true });
    rmSync(join(folder, 'sentinel.json'), { force: true });
    writeFileSync(join(folder, 'sentinel.json'), '{}');
    if (task === 'delay') await pause(15);
    else if (index % 10 === 9) await pause(1);
  }
  await pause(task === 'race' ? 500 : 2500);
  return count;
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((one, other) => one - other);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

const [, script, flag, value] = process.argv;
if (script === fileURLToPath(import.meta.url)) {
  if (flag === '--task') {
    const result = await perform(JSON.parse(value ?? '') as TaskOptions);
    process.send?.(result, () => process.exit());
  } else {
    await run(flag === '--files' ? Number(value) : undefined);
  }
}
