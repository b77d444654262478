/** What the worker's kits cost: a job against the bare clients, a step, the start and the wake of `sentinel`. */

import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { connect } from 'amqplib';
import { waitForSentinels, writeSuccess } from '../clients/node/worker.js';
import { requireProgram } from '../test/support/machine.js';
import { type RealRabbitmq, startRabbitmq } from '../test/support/real-rabbitmq.js';
import { printTable, summarize } from './support/measure.js';

const runProgram = promisify(execFile);
const JOBS = 2000;
const ROUNDS = 3;
const PYTHON = 'bench/support/worker_cost.py';
const NODE = resolve('build/bench/support/worker-cost.js');
const MAIN = resolve('build/src/main.js');

/**
 * How each consumes the same messages: by the bare client or by the kit, with the files of a job or without, the last two
 * as durable as by default. `bare+files` writes the kit's files by hand, in as few calls as there can be: the floor.
 */
const WAYS = ['bare', 'kit', 'bare+files', 'kit+files', 'bare+files+fsync', 'kit+files+fsync'] as const;

export async function run(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'stagewatch-bench-'));
  const broker = await startRabbitmq();
  try {
    for (const language of ['Python', 'Node.js'] as const) await measureJobs(broker, folder, language);
  } finally {
    await broker.dispose();
  }
  const { stdout } = await runProgram(
    requireProgram('/usr/bin/python3'),
    [PYTHON, 'steps', folder],
    pythonEnv(),
  );
  console.log(
    `\nPython, 1,000 steps a second, % of a core beyond the same loop with a call of nothing:\n${stdout.trim()}`,
  );
  await measureSentinels(folder);
  await rm(folder, { recursive: true, force: true });
}

async function measureJobs(
  broker: RealRabbitmq,
  folder: string,
  language: 'Python' | 'Node.js',
): Promise<void> {
  const rows = new Map<string, { seconds: number; cpu: number }[]>(WAYS.map((way) => [way, []]));
  for (let round = 0; round < ROUNDS; round++) {
    for (const way of WAYS) rows.get(way)?.push(await consumeAll(broker, folder, { language, way }));
  }
  printTable(
    `${language}: ${JOBS} empty jobs, prefetch 50, medians of ${ROUNDS} rounds in turns`,
    ['way', 'jobs a second', 'ms a job', 'CPU ms a job'],
    [...rows].map(([way, runs]) => {
      const { medianMs: seconds } = summarize(runs.map((one) => one.seconds));
      const { medianMs: cpu } = summarize(runs.map((one) => one.cpu));
      return [way, JOBS / seconds, (seconds / JOBS) * 1000, (cpu / JOBS) * 1000];
    }),
  );
}

async function consumeAll(
  broker: RealRabbitmq,
  folder: string,
  { language, way }: { readonly language: 'Python' | 'Node.js'; readonly way: string },
): Promise<{ seconds: number; cpu: number }> {
  const connection = await connect(broker.amqpUrl);
  const channel = await connection.createConfirmChannel();
  await channel.assertQueue('bench', { durable: true });
  for (let job = 0; job < JOBS; job++) channel.sendToQueue('bench', Buffer.from(`{"document":"d${job}"}`));
  await channel.waitForConfirms();
  const [program, script] =
    language === 'Python' ? [requireProgram('/usr/bin/python3'), PYTHON] : [process.execPath, NODE];
  const args = [script, way, await mkdtemp(join(folder, 'jobs-')), broker.amqpUrl, String(JOBS)];
  const { stdout } = await runProgram(program, args, pythonEnv());
  await channel.purgeQueue('bench');
  await connection.close();
  return JSON.parse(stdout) as { seconds: number; cpu: number };
}

function pythonEnv(): { env: NodeJS.ProcessEnv } {
  return { env: { ...process.env, PYTHONPATH: resolve('clients/python'), PYTHONDONTWRITEBYTECODE: '1' } };
}

async function measureSentinels(folder: string): Promise<void> {
  const starts = { bare: [] as number[], sentinel: [] as number[] };
  for (let round = 0; round < 20; round++) {
    starts.bare.push(await timeOf(['-e', '0']));
    starts.sentinel.push(await timeOf([MAIN, 'sentinel', 'done', join(folder, 'start.json')]));
  }
  const wakes: number[] = [];
  for (let round = 0; round < 300; round++) {
    const path = join(folder, `wake-${round}`, 's.json');
    const woken = waitForSentinels(path).then(() => performance.now());
    await new Promise((done) => setTimeout(done, 20));
    await writeSuccess(path, {}, false);
    const writtenMs = performance.now();
    wakes.push((await woken) - writtenMs);
  }
  printTable(
    'sentinel',
    ['what', 'median ms', 'p99 ms'],
    [
      ['node -e 0', starts.bare],
      ['stagewatch sentinel done', starts.sentinel],
      ['wait wakes after the file, in a folder that is new', wakes],
    ].map(([what, times]) => {
      const { medianMs, p99Ms } = summarize(times as number[]);
      return [what as string, medianMs, p99Ms];
    }),
  );
}

async function timeOf(args: readonly string[]): Promise<number> {
  const beganMs = performance.now();
  await once(spawn(process.execPath, args, { stdio: 'ignore' }), 'exit');
  return performance.now() - beganMs;
}
