import assert from 'node:assert/strict';
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, constants, openSync } from 'node:fs';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { createProgressSource } from '../../../src/sources/progress/progress-source.js';
import { createSweeperThread } from '../../../src/sources/progress/sweeper-thread.js';
import { createSourceHarness, type SourceHarness } from '../../support/source-harness.js';
import { tempDir } from '../../support/temp-dir.js';
import { waitFor } from '../../support/wait-for.js';

const W = 'paddle-worker-gpu1-0';
const WRITER = fileURLToPath(new URL('../../../../test/support/progress-writer.py', import.meta.url));
const supportFile = (name: string): URL => new URL(`../../support/${name}.js`, import.meta.url);

interface Options {
  readonly script?: URL;
  readonly stallLimitMs?: number;
}

async function watch(t: TestContext, directory: string, options: Options = {}): Promise<SourceHarness> {
  const harness = createSourceHarness();
  const settings = { directory, intervalMs: 50, stallLimitMs: 5000, ...options };
  const source = createProgressSource(settings, harness.context);
  t.after(() => source.stop());
  source.start();
  return harness;
}

const health = ({ fleet }: SourceHarness) => fleet.sources.get('progress');
const logged = ({ logLines }: SourceHarness, message: string): number =>
  logLines.filter((line) => line.includes(message)).length;

/** A Python process that makes one step for each call of `step`. */
function startWriter(t: TestContext, directory: string, documents: readonly string[]) {
  const child: ChildProcess = spawn('python3', [WRITER, directory, W, ...documents], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  t.after(() => child.kill('SIGKILL'));
  if (!child.stdout) throw new Error('no output');
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    ready: () => lines.next(),
    async step(): Promise<void> {
      child.stdin?.write('\n');
      await lines.next();
    },
    async kill(): Promise<void> {
      const ended = once(child, 'exit');
      child.kill('SIGKILL');
      await ended;
    },
  };
}

test('what a Python worker does is what the fleet shows', async (t) => {
  const directory = await tempDir(t);
  const harness = await watch(t, directory);
  const { fleet } = harness;
  await waitFor('the first look', () => health(harness)?.isUp);
  const writer = startWriter(t, directory, ['PMC1', 'PMC2']);
  await writer.ready();
  for (const document of ['PMC1', 'PMC2']) {
    for (let done = 0; done < 4; done++) {
      const job = await waitFor(`${document} ${done}`, () => {
        const { job } = fleet.workers.get(W) ?? {};
        return job?.document === document && job.done === done && job;
      });
      assert.equal(job.total, 4);
      assert.ok(Math.abs(job.lastProgressAtMs - Date.now()) < 5000);
      await writer.step();
    }
    await waitFor('the end of the job', () => fleet.workers.get(W)?.job === undefined);
    await writer.step();
  }
  assert.equal(fleet.stageWork.get('G3_02')?.jobsCompleted, 2);
  assert.equal(
    fleet.stageWork.get('G3_02')?.jobDurations.counts.reduce((sum, count) => sum + count),
    2,
  );
  assert.equal(logged(harness, 'ignored'), 0);
});

test('a Python worker killed in the middle leaves its job as it was; its successor begins a new one', async (t) => {
  const directory = await tempDir(t);
  const { fleet } = await watch(t, directory);
  const first = startWriter(t, directory, ['PMC1']);
  await first.ready();
  await first.step();
  const job = await waitFor('the job', () => fleet.workers.get(W)?.job);
  await first.kill();
  // What a kill between writing and renaming leaves.
  await writeFile(join(directory, `.${W}.1.tmp`), '{"name":');
  const second = startWriter(t, directory, ['PMC1']);
  await second.ready();
  await waitFor('the new job', () => {
    const now = fleet.workers.get(W)?.job;
    return now !== undefined && now.startedAtMs !== job.startedAtMs;
  });
  assert.deepEqual(
    fleet.endedJobs.since(0).map(({ entry }) => [entry.document, entry.end]),
    [['PMC1', 'replaced']],
  );
});

test('problems of files are said once, and once when they are over', async (t) => {
  const directory = await tempDir(t);
  const file = join(directory, `${W}.json`);
  await writeFile(file, '{"half');
  const harness = await watch(t, directory);
  await waitFor('the problem', () => harness.fleet.progressFileCounts?.ignored.not_json === 1);
  const seen = harness.observations.length;
  await waitFor('more looks', () => harness.observations.length > seen + 6);
  assert.equal(logged(harness, 'progress file ignored'), 1);
  await writeFile(file, JSON.stringify({ updated_at: Date.now() / 1000 + 100 }));
  await waitFor('the file to be of use', () => harness.fleet.workers.get(W)?.job?.clockSkewMs);
  assert.equal(logged(harness, 'progress file is of use again'), 1);
  assert.equal(logged(harness, 'clock of a progress file is off: check time synchronisation'), 1);
});

test('a folder that is not there is named with its remedy, and read when it comes', async (t) => {
  const directory = join(await tempDir(t), 'progress');
  const harness = await watch(t, directory);
  await waitFor('the problem', () => health(harness)?.problem?.includes('does not exist: mount it'));
  assert.ok((health(harness)?.failures.unreachable ?? 0) >= 1);
  await mkdir(directory);
  await writeFile(join(directory, `${W}.json`), '{"done":1}');
  await waitFor('the worker', () => harness.fleet.workers.has(W));
  assert.equal(logged(harness, 'source is back'), 1);
  await rename(directory, `${directory}-away`);
  await waitFor('the loss', () => health(harness)?.isUp === false);
  assert.equal(harness.fleet.workers.get(W)?.job?.done, 1, 'a job does not end with the mount');
  await rm(`${directory}-away`, { recursive: true });
});

test('a stalled folder is named, freezes nothing, and goes on when it answers', async (t) => {
  const directory = await tempDir(t);
  execFileSync('mkfifo', [join(directory, 'block')]);
  const harness = await watch(t, directory, { script: supportFile('blocked-sweeper'), stallLimitMs: 100 });
  await waitFor('the stall', () => health(harness)?.problem?.includes('its mount is stalled'));
  await waitFor('a second try', () => (health(harness)?.failures.timeout ?? 0) >= 2);
  assert.equal(logged(harness, 'its mount is stalled'), 1);
  const release = openSync(join(directory, 'block'), constants.O_RDWR | constants.O_NONBLOCK);
  t.after(() => closeSync(release));
  await waitFor('the recovery', () => health(harness)?.isUp);
});

test('a look that has not been answered is not asked again', async (t) => {
  const { context } = createSourceHarness();
  const thread = createSweeperThread({ directory: await tempDir(t), ...context });
  t.after(() => thread.close());
  const first = thread.sweep(0);
  assert.equal(thread.sweep(1), first);
  assert.equal((await first).isComplete, true);
  assert.equal((await thread.sweep(2)).isComplete, false);
});

test('a stop with a stalled folder does not wait for it, and the process ends', async (t) => {
  const directory = await tempDir(t);
  execFileSync('mkfifo', [join(directory, 'block')]);
  const script = fileURLToPath(supportFile('stalled-progress-process'));
  const child = spawn(process.execPath, [script, directory], { stdio: ['ignore', 'pipe', 'inherit'] });
  t.after(() => child.kill('SIGKILL'));
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString();
  });
  const [code, signal] = (await once(child, 'close', { signal: AbortSignal.timeout(60_000) })) as unknown[];
  assert.deepEqual([code, signal], [null, 'SIGTERM']);
  const { stopMs, log } = JSON.parse(output) as { stopMs: number; log: string };
  assert.ok(stopMs < 5000, `${stopMs} ms`);
  assert.match(log, /its thread is left behind/);
});

test('a thread that dies is named and started anew', async (t) => {
  const harness = await watch(t, await tempDir(t), { script: supportFile('dying-sweeper') });
  await waitFor('two deaths', () => (health(harness)?.failures.interrupted ?? 0) >= 2);
  assert.match(health(harness)?.problem ?? '', /thread that reads progress files died: out of luck/);
});
