import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { closeSync, constants, existsSync, openSync } from 'node:fs';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { sentinelsSection } from '../../../src/config/sentinels-section.js';
import type { NotedSection } from '../../../src/lib/durable-section.js';
import {
  createSentinelsSource,
  type SentinelsSourceOptions,
} from '../../../src/sources/sentinels/sentinels-source.js';
import { isThreadAtPipe } from '../../support/blocked-thread.js';
import { createSourceHarness, type SourceHarness } from '../../support/source-harness.js';
import { tempDir } from '../../support/temp-dir.js';
import { waitFor } from '../../support/wait-for.js';

/** What outlives a source, as the state file would keep it. */
function durableMemory(): NotedSection {
  let saved: string | undefined;
  return {
    note: () => undefined,
    loadNotes: () => [],
    load: () => (saved === undefined ? undefined : JSON.parse(saved)),
    save: (produce) => {
      saved = JSON.stringify(produce());
    },
  };
}

interface Life extends SourceHarness {
  stop(): Promise<void>;
  present(stage: string): string;
  failed(stage: string): Readonly<Record<string, number>>;
}

async function startLife(
  t: TestContext,
  root: string,
  durable?: NotedSection,
  more: Partial<SentinelsSourceOptions> = {},
): Promise<Life> {
  const harness = createSourceHarness();
  const config = { ...sentinelsSection.parse({ interval: '100ms' }), root };
  const context = { ...harness.context, ...(durable && { durable }) };
  const source = createSentinelsSource({ config, stages: ['G3_02'], ...more }, context);
  let stopped: Promise<void> | undefined;
  const stop = (): Promise<void> => (stopped ??= source.stop());
  t.after(stop);
  source.start();
  return {
    ...harness,
    stop,
    present(stage) {
      const { successes, failures } = harness.fleet.sentinels.stages.get(stage) ?? {};
      return `${successes} ok, ${failures} failed`;
    },
    failed(stage) {
      const counts = harness.fleet.sentinels.stages.get(stage)?.newFailures ?? {};
      return Object.fromEntries(Object.entries(counts).filter(([, count]) => count > 0));
    },
  };
}

const isUp = ({ fleet }: Life): boolean => fleet.sources.get('sentinels')?.isUp === true;

async function put(root: string, path: string, content = '{}'): Promise<void> {
  await mkdir(dirname(join(root, path)), { recursive: true });
  await writeFile(join(root, path), content);
}

test('what stood before the first start is present and not new; what comes is new, with reason and delay', async (t) => {
  const root = await tempDir(t);
  await put(root, 'D0/G3_02/sentinel.json');
  await put(root, 'D0/G5_00/sentinel.json.failed', 'CUDA out of memory');
  const life = await startLife(t, root);
  await waitFor('the first look', () => isUp(life));
  assert.equal(life.present('G3_02'), '1 ok, 0 failed');
  assert.equal(life.present('G5_00'), '0 ok, 1 failed');
  assert.deepEqual(life.failed('G5_00'), {});
  assert.equal(life.fleet.sentinels.failures.get('D0/G5_00/sentinel.json.failed')?.reason, 'gpu_oom');
  await put(root, 'D1/G3_02/sentinel.json.failed', '{"error":"Connection refused","worker":"w-1"}');
  await waitFor('the failure', () => life.present('G3_02') === '1 ok, 1 failed');
  assert.deepEqual(life.failed('G3_02'), { connection: 1 });
  const seen = life.observations.filter((observation) => observation.kind === 'sentinel-seen');
  assert.equal(seen.length, 1);
  const { sentinel, delayMs } = seen[0] ?? assert.fail();
  assert.deepEqual(
    [sentinel.outcome, sentinel.document, sentinel.stage, sentinel.worker, sentinel.error],
    ['failure', 'D1', 'G3_02', 'w-1', 'Connection refused'],
  );
  assert.ok(delayMs !== undefined && delayMs < 5000);
  await rm(join(root, 'D1/G3_02/sentinel.json.failed'));
  await put(root, 'D1/G3_02/sentinel.json');
  await waitFor('the retry', () => life.present('G3_02') === '2 ok, 0 failed');
  assert.deepEqual(life.failed('G3_02'), { connection: 1 });
  assert.equal(life.fleet.sentinels.failures.size, 1);
});

test('a reason that the writer names counts where it is one of the configured ones, and is no label otherwise', async (t) => {
  const root = await tempDir(t);
  const life = await startLife(t, root);
  await waitFor('the first look', () => isUp(life));
  await put(root, 'D1/G3_02/sentinel.json.failed', '{"error":"Connection refused","reason":"disk"}');
  await put(root, 'D2/G3_02/sentinel.json.failed', '{"error":"Connection refused","reason":"of my own"}');
  await waitFor('both failures', () => life.present('G3_02') === '0 ok, 2 failed');
  assert.deepEqual(life.failed('G3_02'), { disk: 1, connection: 1 });
});

test('a stage of the configuration with nothing in it is 0, not absent', async (t) => {
  const life = await startLife(t, await tempDir(t));
  await waitFor('the first look', () => isUp(life));
  assert.equal(life.present('G3_02'), '0 ok, 0 failed');
});

test('what came while the daemon was down is new in the next life, and only that', async (t) => {
  const root = await tempDir(t);
  const durable = durableMemory();
  await put(root, 'D0/G/sentinel.json.failed', 'before the first start');
  const first = await startLife(t, root, durable);
  await waitFor('the first look', () => isUp(first));
  await put(root, 'D1/G/sentinel.json.failed', 'timed out');
  await waitFor('the failure', () => first.failed('G')['timeout'] === 1);
  await first.stop();
  await put(root, 'D2/G/sentinel.json.failed', 'No space left on device');
  const second = await startLife(t, root, durable);
  await waitFor('the first look', () => isUp(second));
  assert.equal(second.present('G'), '0 ok, 3 failed');
  assert.deepEqual(second.failed('G'), { disk: 1 });
  const seen = second.observations.filter((observation) => observation.kind === 'sentinel-seen');
  assert.deepEqual(
    seen.map(({ delayMs }) => delayMs),
    [undefined],
    'nobody was watching, so there is no delay',
  );
  await second.stop();
  const third = await startLife(t, root, durable);
  await waitFor('the first look', () => isUp(third));
  assert.deepEqual(third.failed('G'), {});
});

test('a root that vanishes takes the source down, keeps the failures, and counts none again when it is back', async (t) => {
  const root = join(await tempDir(t), 'artifacts');
  await mkdir(root);
  const life = await startLife(t, root);
  await waitFor('the first look', () => isUp(life));
  await put(root, 'D/G/sentinel.json.failed', 'x');
  await waitFor('the failure', () => life.failed('G')['unknown'] === 1);
  await rename(root, `${root}-away`);
  await waitFor('down', () => !isUp(life));
  assert.match(life.fleet.sources.get('sentinels')?.problem ?? '', /is not there; create or mount it/);
  // An empty mount point in its place, and then the volume again.
  await mkdir(root);
  await waitFor('up, and empty', () => isUp(life) && life.present('G') === '0 ok, 0 failed');
  await rm(root, { recursive: true });
  await rename(`${root}-away`, root);
  await waitFor('back', () => life.present('G') === '0 ok, 1 failed');
  assert.deepEqual(life.failed('G'), { unknown: 1 });
});

test('a call that never returns is said as a stall, and does not hold up the stop', async (t) => {
  let pipe = '';
  // Somebody who writes lets the thread go, or the test's process could never end; before the folder is removed.
  t.after(() => closeSync(openSync(pipe, constants.O_WRONLY | constants.O_NONBLOCK)));
  const folder = await tempDir(t);
  pipe = join(folder, 'pipe');
  execFileSync('mkfifo', [pipe]);
  const program = join(folder, 'stalled.mjs');
  const marker = join(folder, 'about-to-stall');
  const stall = `writeFileSync(${JSON.stringify(marker)}, '');\nopenSync(${JSON.stringify(pipe)}, 'r');\n`;
  await writeFile(program, `import { openSync, writeFileSync } from 'node:fs';\n${stall}`);
  const life = await startLife(t, folder, undefined, {
    threadUrl: new URL(`file://${program}`),
    stallLimitMs: 200,
  });
  await waitFor('the stall', () => (life.fleet.sources.get('sentinels')?.failures.timeout ?? 0) > 0);
  assert.match(life.fleet.sources.get('sentinels')?.problem ?? '', /has not answered for more than 200ms/);
  // On a busy machine a thread may be late before it has even begun.
  await waitFor('the thread to be in its call', () => existsSync(marker) && isThreadAtPipe());
  const startedMs = performance.now();
  await life.stop();
  assert.ok(performance.now() - startedMs < 5000);
  assert.ok(life.logLines.some((line) => line.includes('does not return')));
});

test('a thread that dies is started again, and nothing counts twice', async (t) => {
  const root = await tempDir(t);
  const program = join(root, '..', `dies-${process.pid}.mjs`);
  const real = new URL('../../../src/sources/sentinels/observer-thread.js', import.meta.url);
  await writeFile(
    program,
    `await import(${JSON.stringify(real.href)});\nsetTimeout(() => { throw new Error('struck'); }, 700);\n`,
  );
  t.after(() => rm(program));
  const life = await startLife(t, root, undefined, { threadUrl: new URL(`file://${program}`) });
  await waitFor('the first look', () => isUp(life));
  await put(root, 'D/G/sentinel.json.failed', 'x');
  await waitFor('the failure', () => life.failed('G')['unknown'] === 1);
  await waitFor('down', () => !isUp(life));
  assert.match(life.fleet.sources.get('sentinels')?.problem ?? '', /thread .* has ended: struck/);
  await rm(join(root, 'D/G/sentinel.json.failed'));
  await waitFor('up again', () => isUp(life));
  assert.deepEqual(life.failed('G'), { unknown: 1 });
  assert.equal(life.fleet.sentinels.failures.size, 0);
});

test('a first start that is stopped at once makes nothing new of what stood there', async (t) => {
  const root = await tempDir(t);
  const durable = durableMemory();
  await put(root, 'D/G/sentinel.json.failed', 'x');
  const first = await startLife(t, root, durable);
  await first.stop();
  const second = await startLife(t, root, durable);
  await waitFor('the first look', () => isUp(second));
  assert.equal(second.present('G'), '0 ok, 1 failed');
  assert.deepEqual(second.failed('G'), {});
});

test('a file server with a wrong clock is said once, and known in the next life', async (t) => {
  const root = await tempDir(t);
  const durable = durableMemory();
  const threadUrl = new URL('../../support/skewed-observer.js', import.meta.url);
  const first = await startLife(t, root, durable, { threadUrl });
  await waitFor('the first look', () => isUp(first));
  const warning = () => first.fleet.sources.get('sentinels')?.warning;
  let documents = 0;
  await waitFor('the warning', async () => {
    await put(root, `D${documents++}/G3_02/sentinel.json`);
    return warning() !== undefined;
  });
  assert.match(
    warning() ?? '',
    /^the clock of the file server of \S+ is (3h00m|2h59m) behind the clock here; .*chrony/,
  );
  await waitFor('all', () => first.present('G3_02') === `${documents} ok, 0 failed`);
  const seen = first.fleet.sentinels.seen.since(0);
  assert.equal(seen.length, documents);
  assert.ok(seen.every(({ entry }) => Math.abs(entry.writtenAtMs - Date.now()) < 60_000));
  assert.equal(first.logLines.filter((line) => line.includes('the clock of the file server')).length, 1);
  await first.stop();
  await put(root, 'meanwhile/G3_02/sentinel.json');
  const second = await startLife(t, root, durable, { threadUrl });
  await waitFor('the next life', () => isUp(second));
  const news = second.fleet.sentinels.seen.since(0).map(({ entry }) => entry.document);
  assert.deepEqual(news, ['meanwhile']);
});

/** As the state file keeps it until the daemon is killed: only what was written by then, and all notes after that. */
function killedMemory(): NotedSection & { write(): void } {
  let written: unknown;
  let produce: (() => unknown) | undefined;
  let notes: unknown[] = [];
  return {
    note: (value) => void notes.push(JSON.parse(JSON.stringify(value))),
    loadNotes: () => notes,
    load: () => written,
    save: (asked) => {
      produce = asked;
    },
    write() {
      if (!produce) return;
      written = JSON.parse(JSON.stringify(produce()));
      notes = [];
    },
  };
}

test('successes that were counted just before the daemon was killed are not counted again', async (t) => {
  const root = await tempDir(t);
  const memory = killedMemory();
  const first = await startLife(t, root, memory);
  await waitFor('the first look', () => isUp(first));
  const seen = ({ fleet }: Life) => fleet.sentinels.seen.since(0).map(({ entry }) => entry.document);
  await put(root, 'before/G3_02/sentinel.json');
  await waitFor('one', () => seen(first).length === 1);
  memory.write();
  for (const document of ['D1', 'D2']) await put(root, `${document}/G3_02/sentinel.json`);
  await waitFor('all', () => seen(first).length === 3);
  // Killed: what a stop would save is not written.
  const atKill = { ...memory, note: () => undefined, save: () => undefined };
  await first.stop();
  await put(root, 'meanwhile/G3_02/sentinel.json');
  const second = await startLife(t, root, atKill);
  await waitFor('the next life', () => isUp(second));
  assert.equal(second.present('G3_02'), '4 ok, 0 failed');
  assert.deepEqual(seen(second), ['meanwhile']);
});

test('a thread that is started again counts no success a second time', async (t) => {
  const root = await tempDir(t);
  const program = join(root, '..', `dies-again-${process.pid}.mjs`);
  const real = new URL('../../../src/sources/sentinels/observer-thread.js', import.meta.url);
  await writeFile(
    program,
    `await import(${JSON.stringify(real.href)});\nsetTimeout(() => { throw new Error('struck'); }, 1500);\n`,
  );
  t.after(() => rm(program));
  const life = await startLife(t, root, undefined, { threadUrl: new URL(`file://${program}`) });
  await waitFor('the first look', () => isUp(life));
  await put(root, 'D/G/sentinel.json');
  await waitFor('the success', () => life.fleet.sentinels.seen.since(0).length === 1);
  await waitFor('down', () => !isUp(life));
  await waitFor('up again', () => isUp(life));
  assert.equal(life.fleet.sentinels.seen.since(0).length, 1);
});
