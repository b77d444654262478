import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createProgressFleet, type ProgressFleet, T0 } from '../support/progress-fleet.js';
import { renderPage } from '../support/render-page.js';

const W = 'paddle-worker-0';
const at = (offset: number): number => T0 + offset * 1000;

function message(fleet: ProgressFleet, atSeconds: number, body: object | string): void {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  fleet.apply({ kind: 'progress-message', text, atMs: at(atSeconds) });
}

function read(fleet: ProgressFleet, source: 'rabbitmq' | 'progress' | 'docker', atSeconds: number): void {
  fleet.apply({ kind: 'source-read', source, atMs: at(atSeconds), durationMs: 1 });
}

function fail(fleet: ProgressFleet, source: 'rabbitmq' | 'progress', atSeconds: number): void {
  fleet.apply({ kind: 'source-failed', source, atMs: at(atSeconds), reason: 'unreachable', problem: 'away' });
}

async function jobsOnPage({ fleet }: ProgressFleet, atSeconds: number): Promise<readonly string[]> {
  const lines = await renderPage(fleet, at(atSeconds));
  return lines.flatMap(
    (line) => /^pipeline_worker_last_progress_timestamp_seconds\{container="([^"]+)"/.exec(line)?.[1] ?? [],
  );
}

test('workers that messages told of go with the broker', () => {
  const fleet = createProgressFleet();
  read(fleet, 'rabbitmq', 0);
  message(fleet, 0, { name: W, document: 'A' });
  fleet.look(1, { 'spine-worker-0': { document: 'A' } });
  fleet.forgetSource('rabbitmq');
  assert.deepEqual([...fleet.fleet.workers.keys()], ['spine-worker-0']);
  assert.equal(fleet.fleet.endedJobs.newest, 0, 'nobody said that the job ended');
});

test('a silent worker is forgotten although no other message comes', () => {
  const fleet = createProgressFleet();
  message(fleet, 0, { name: W, document: 'A' });
  read(fleet, 'docker', 2 * 3600);
  assert.equal(fleet.fleet.workers.has(W), true);
  read(fleet, 'docker', 4 * 3600);
  assert.equal(fleet.fleet.workers.has(W), false);
});

test('a message that repeats itself is a sign of life', () => {
  const fleet = createProgressFleet();
  for (const hour of [0, 2]) message(fleet, hour * 3600, { name: W, document: 'A', updated_at: T0 / 1000 });
  read(fleet, 'docker', 4 * 3600);
  assert.equal(fleet.fleet.workers.has(W), true);
});

test('gauges of a worker go stale with the source that told of it', async () => {
  const fleet = createProgressFleet();
  for (const source of ['progress', 'rabbitmq'] as const) read(fleet, source, 0);
  fleet.look(0, { 'a-worker': { document: 'A' } });
  message(fleet, 0, { name: 'b-worker', document: 'B' });
  fail(fleet, 'progress', 10);
  assert.deepEqual(await jobsOnPage(fleet, 61), ['b-worker']);
  read(fleet, 'progress', 70);
  fail(fleet, 'rabbitmq', 80);
  assert.deepEqual(await jobsOnPage(fleet, 90), ['a-worker']);
});

test('gauges of messages go stale where no folder is watched', async () => {
  const fleet = createProgressFleet();
  read(fleet, 'rabbitmq', 0);
  message(fleet, 0, { name: W, document: 'A' });
  assert.deepEqual(await jobsOnPage(fleet, 59), [W]);
  fail(fleet, 'rabbitmq', 59);
  assert.deepEqual(await jobsOnPage(fleet, 61), []);
});

test('messages of no use are counted by reason, from 0', async () => {
  const fleet = createProgressFleet();
  const ignored = async () =>
    (await renderPage(fleet.fleet, at(1)))
      .filter((line) => line.startsWith('stagewatch_progress_messages_ignored_total{'))
      .map((line) => /reason="(\w+)"\} (\d+)/.exec(line)?.slice(1).join(' '));
  assert.deepEqual(await ignored(), [], 'no broker, no messages');
  fleet.apply({ kind: 'source-watched', source: 'rabbitmq', target: 'x' });
  assert.ok((await ignored()).includes('not_json 0'));
  for (const body of ['{"broken', '', '[]', '{}', { name: W, done: 'x' }]) message(fleet, 0, body);
  message(fleet, 0, { name: W, started_at: 5 });
  assert.deepEqual(await ignored(), [
    'empty 1',
    'oversized 0',
    'not_json 1',
    'wrong_type 2',
    'bad_name 1',
    'clock 1',
    'too_many 0',
  ]);
});
