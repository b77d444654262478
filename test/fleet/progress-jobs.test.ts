import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { EndedJob } from '../../src/fleet/progress-model.js';
import { createProgressFleet, type ProgressFleet, seconds, T0 } from '../support/progress-fleet.js';

const W = 'paddle-worker-gpu1-0';
const jobOf = ({ fleet }: ProgressFleet, name = W) => fleet.workers.get(name)?.job;
const completed = ({ fleet }: ProgressFleet, stage = 'G3') => fleet.stageWork.get(stage)?.jobsCompleted;
const ends = ({ fleet }: ProgressFleet): readonly EndedJob[] =>
  fleet.endedJobs.since(0).map(({ entry }) => entry);
const running = (more: object) => ({ stage: 'G3', state: 'running', document: 'A', ...more });

test('a job starts, advances and ends with its file', () => {
  const fleet = createProgressFleet();
  fleet.look(0);
  fleet.look(2, { [W]: running({ done: 0, total: 4, started_at: seconds(1) }) });
  assert.equal(completed(fleet), 0);
  fleet.look(4, { [W]: running({ done: 1, total: 4, started_at: seconds(1) }) });
  assert.deepEqual(jobOf(fleet), {
    document: 'A',
    done: 1,
    total: 4,
    state: 'running',
    startedAtMs: T0 + 1000,
    lastProgressAtMs: T0 + 4000,
    lastHeartbeatAtMs: T0 + 4000,
  });
  fleet.look(6, { [W]: undefined });
  assert.equal(fleet.fleet.workers.has(W), false);
  assert.deepEqual(ends(fleet), [
    {
      container: W,
      stage: 'G3',
      document: 'A',
      startedAtMs: T0 + 1000,
      endedAtMs: T0 + 6000,
      durationMs: 5000,
      lastStepAtMs: T0 + 4000,
      outcome: 'unknown',
      end: 'removed',
    },
  ]);
  assert.equal(completed(fleet), 1);
  assert.equal(fleet.fleet.stageWork.get('G3')?.jobDurations.sum, 5);
});

test('a heartbeat alone is no progress', () => {
  const fleet = createProgressFleet();
  fleet.look(0);
  for (const at of [2, 4, 6]) fleet.look(at, { [W]: running({ done: 1, updated_at: seconds(at - 0.5) }) });
  assert.equal(jobOf(fleet)?.lastProgressAtMs, T0 + 1500);
  assert.equal(jobOf(fleet)?.lastHeartbeatAtMs, T0 + 5500);
});

for (const [what, more] of [
  ['done', { done: 2 }],
  ['total', { total: 9 }],
  ['state', { state: 'finishing' }],
  ['message', { message: 'ocr' }],
] as const) {
  test(`a new ${what} is progress`, () => {
    const fleet = createProgressFleet();
    fleet.look(0);
    fleet.look(2, { [W]: running({ done: 1 }) });
    fleet.look(4, { [W]: running({ done: 1, ...more }) });
    assert.equal(jobOf(fleet)?.lastProgressAtMs, T0 + 4000);
  });
}

test('another document or another start is another job', () => {
  const fleet = createProgressFleet();
  fleet.look(0);
  fleet.look(2, { [W]: running({ started_at: seconds(1) }) });
  fleet.look(4, { [W]: running({ document: 'B', started_at: seconds(3) }) });
  fleet.look(6, { [W]: running({ document: 'B', started_at: seconds(5) }) });
  assert.deepEqual(
    ends(fleet).map(({ document, end, startedAtMs }) => [document, end, startedAtMs - T0]),
    [
      ['A', 'replaced', 1000],
      ['B', 'replaced', 3000],
    ],
  );
  assert.equal(completed(fleet), 0);
  assert.equal(fleet.fleet.stageWork.get('G3')?.jobsEndedUnknown, 2);
});

for (const [state, outcome, count] of [
  ['idle', 'unknown', 1],
  ['done', 'succeeded', 1],
  ['failed', 'failed', 0],
] as const) {
  test(`state ${state} ends the job: ${outcome}`, () => {
    const fleet = createProgressFleet();
    fleet.look(0);
    fleet.look(2, { [W]: running({}) });
    fleet.look(4, { [W]: running({ state }) });
    fleet.look(6, { [W]: running({ state, updated_at: seconds(6) }) });
    assert.equal(jobOf(fleet), undefined);
    assert.deepEqual(
      ends(fleet).map((job) => job.outcome),
      [outcome],
    );
    assert.equal(completed(fleet), count);
  });
}

test('a job that began and ended between two looks is counted by its end', () => {
  const fleet = createProgressFleet();
  fleet.look(0);
  fleet.look(2, { [W]: running({ state: 'done', started_at: seconds(1), updated_at: seconds(1.5) }) });
  fleet.look(4, {
    [W]: running({ state: 'done', document: 'B', started_at: seconds(2), updated_at: seconds(3) }),
  });
  assert.deepEqual(
    ends(fleet).map(({ document, durationMs }) => [document, durationMs]),
    [
      ['A', 500],
      ['B', 1000],
    ],
  );
});

test('what stood there before the daemon came is dated by its own time', () => {
  const fleet = createProgressFleet();
  const stuck = running({ done: 3, started_at: seconds(-9000), updated_at: seconds(-3000) });
  fleet.look(0, { [W]: stuck, 'mtime-worker-0': running({}) }, { isComplete: true, mtimeSeconds: -2999 });
  assert.equal(jobOf(fleet)?.lastProgressAtMs, T0 - 3_000_000);
  assert.equal(jobOf(fleet, 'mtime-worker-0')?.lastProgressAtMs, T0 - 2_999_000);
  fleet.look(2, { [W]: undefined, 'mtime-worker-0': undefined });
  assert.deepEqual(
    ends(fleet).map(({ durationMs }) => durationMs),
    [9_002_000, undefined],
  );
  assert.equal(completed(fleet), 2);
});

test('a job that was done before the daemon came is none of its count', () => {
  const fleet = createProgressFleet();
  fleet.look(0, { [W]: running({ state: 'done', started_at: seconds(-10) }) }, { isComplete: true });
  fleet.look(2, { [W]: undefined });
  assert.deepEqual(ends(fleet), []);
});

test('a worker whose clock is behind is fresh when we see it move', () => {
  const fleet = createProgressFleet();
  fleet.look(0);
  fleet.look(2, { [W]: running({ done: 1, updated_at: seconds(-600) }) });
  assert.equal(jobOf(fleet)?.lastProgressAtMs, T0 + 2000);
  assert.equal(jobOf(fleet)?.clockSkewMs, -602_000);
});

test('a clock ahead is told, and nothing lies in the future', () => {
  const fleet = createProgressFleet();
  fleet.look(0);
  fleet.look(2, { [W]: running({ done: 1, started_at: seconds(101), updated_at: seconds(102) }) });
  const job = jobOf(fleet);
  assert.equal(job?.clockSkewMs, 100_000);
  assert.equal(job?.startedAtMs, T0 + 1000);
  assert.equal(job?.lastProgressAtMs, T0 + 2000);
  fleet.look(4, { [W]: running({ done: 2, started_at: seconds(101), updated_at: seconds(8.9) }) });
  assert.equal(jobOf(fleet)?.clockSkewMs, undefined);
  assert.equal(jobOf(fleet)?.startedAtMs, T0 + 1000);
});

test('what a report leaves out has not changed, nor when it is told again', () => {
  for (const part of [{}, { document: 'PMC1' }, { done: 4, total: 9 }, { document: 'PMC1', done: 4 }]) {
    const fleet = createProgressFleet();
    fleet.look(0);
    const full = { document: 'PMC1', done: 4, total: 9, message: 'page 4' };
    fleet.look(2, { [W]: { state: 'running', ...full } });
    const firstAtMs = jobOf(fleet)?.lastProgressAtMs;
    for (const at of [10, 20, 30, 40]) {
      fleet.look(at, { [W]: { state: 'running', ...(at % 20 === 0 ? full : part) } });
      assert.equal(jobOf(fleet)?.lastProgressAtMs, firstAtMs, JSON.stringify(part));
    }
    fleet.look(50, { [W]: { state: 'running', ...full, done: 5 } });
    assert.notEqual(jobOf(fleet)?.lastProgressAtMs, firstAtMs);
    const gaps = fleet.fleet.progressGaps.since(0).map(({ entry }) => entry.gapMs);
    assert.deepEqual(gaps, [48_000], 'one step, and no other');
  }
});

test('a broken rewrite keeps the job, and says that it is not read', () => {
  const fleet = createProgressFleet();
  fleet.look(0);
  fleet.look(2, { [W]: running({ done: 1 }) });
  fleet.look(4, { [W]: '{"done":' });
  assert.equal(fleet.fleet.workers.get(W)?.unreadable, 'not_json');
  assert.equal(jobOf(fleet)?.done, 1);
  assert.equal(fleet.fleet.progressFileCounts?.ignored.not_json, 1);
  assert.equal(fleet.fleet.progressFileCounts?.used, 0);
  fleet.look(6, { [W]: running({ done: 2 }) });
  assert.equal(fleet.fleet.workers.get(W)?.unreadable, undefined);
  assert.equal(fleet.fleet.ignoredProgressFiles.size, 0);
  assert.equal(fleet.fleet.progressFileCounts?.used, 1);
  assert.deepEqual(ends(fleet), []);
});

test('a new thread that tells everything again changes nothing, and what it lacks is gone', () => {
  const fleet = createProgressFleet();
  const other = 'paddle-worker-gpu1-1';
  const file = running({ done: 1 });
  fleet.look(0);
  fleet.look(2, { [W]: file, [other]: file, broken: '{' });
  const before = fleet.fleet.workers.get(W);
  fleet.look(6);
  fleet.look(8, { [W]: file }, { isComplete: true, mtimeSeconds: 2 });
  assert.equal(fleet.fleet.workers.get(W), before);
  assert.equal(ends(fleet).length, 1);
  assert.equal(fleet.fleet.ignoredProgressFiles.size, 0);
});

test('a file that is put back counts its job once', () => {
  const fleet = createProgressFleet();
  fleet.look(0);
  for (const at of [2, 6]) {
    fleet.look(at, { [W]: running({ started_at: seconds(1) }) });
    fleet.look(at + 2, { [W]: undefined });
  }
  assert.equal(completed(fleet), 1);
});

test('gaps between moves of done are kept for each stage', () => {
  const fleet = createProgressFleet();
  fleet.look(0);
  for (const [at, done] of [
    [2, 0],
    [4, 0],
    [10, 1],
    [12, 2],
  ] as const) {
    fleet.look(at, { [W]: running({ done }) });
  }
  assert.deepEqual(
    fleet.fleet.progressGaps.since(0).map(({ entry }) => [entry.stage, entry.gapMs]),
    [
      ['G3', 8000],
      ['G3', 2000],
    ],
  );
});

test('a folder that is watched no longer ends no job', () => {
  const fleet = createProgressFleet();
  fleet.look(0, { [W]: running({}) });
  fleet.forgetSource('progress');
  assert.equal(fleet.fleet.workers.size, 0);
  assert.equal(fleet.fleet.progressFileCounts, undefined);
  assert.deepEqual(ends(fleet), []);
});

function withSentinels(): ProgressFleet {
  const fleet = createProgressFleet();
  // The source of another branch of the pipeline's facts: only its being watched counts here.
  fleet.apply({ kind: 'source-watched', source: 'sentinels' as 'progress', target: 'x' });
  fleet.look(0);
  fleet.look(2, { [W]: running({ started_at: seconds(1) }) });
  return fleet;
}
const told = (outcome: 'succeeded' | 'failed', atSeconds: number) =>
  ({ kind: 'job-outcome', stage: 'G3', document: 'A', outcome, atMs: T0 + atSeconds * 1000 }) as const;

test('a failure told before or soon after the end is not counted as completed', () => {
  const before = withSentinels();
  before.apply(told('failed', 3));
  before.look(4, { [W]: undefined });
  const after = withSentinels();
  after.look(4, { [W]: undefined });
  after.apply(told('failed', 5));
  for (const fleet of [before, after]) {
    fleet.look(20);
    assert.deepEqual(
      ends(fleet).map(({ outcome }) => outcome),
      ['failed'],
    );
    assert.equal(completed(fleet), 0);
  }
});

test('a success is counted at once, silence of the sentinels is an unknown end after a while', () => {
  const success = withSentinels();
  success.apply(told('succeeded', 3));
  success.look(4, { [W]: undefined });
  assert.equal(completed(success), 1);
  const silence = withSentinels();
  silence.look(4, { [W]: undefined });
  silence.look(10);
  assert.equal(silence.fleet.stageWork.get('G3')?.jobsEndedUnknown, 0);
  silence.look(20);
  assert.equal(silence.fleet.stageWork.get('G3')?.jobsEndedUnknown, 1);
  assert.equal(completed(silence), 0);
});

test('an outcome from before the job says nothing of it', () => {
  const fleet = withSentinels();
  fleet.apply(told('failed', -600));
  fleet.look(4, { [W]: undefined });
  fleet.look(20);
  assert.equal(fleet.fleet.stageWork.get('G3')?.jobsEndedUnknown, 1);
  assert.deepEqual(
    ends(fleet).map(({ outcome }) => outcome),
    ['unknown'],
  );
});

const message = (fleet: ProgressFleet, at: number, body: object): void =>
  fleet.apply({ kind: 'progress-message', text: JSON.stringify(body), atMs: T0 + at * 1000 });

test('messages tell the same as files, and end by state', () => {
  const fleet = createProgressFleet();
  message(fleet, 0, { name: W, ...running({ done: 1, total: 2, started_at: seconds(-1) }) });
  assert.equal(jobOf(fleet)?.done, 1);
  message(fleet, 5, { name: W, ...running({ state: 'done', started_at: seconds(-1) }) });
  assert.equal(jobOf(fleet), undefined);
  assert.equal(completed(fleet), 1);
});

test('a worker that falls silent is forgotten, and its job is not counted', () => {
  const fleet = createProgressFleet();
  message(fleet, 0, { name: W, ...running({}) });
  message(fleet, 4 * 3600, { name: 'other-worker', state: 'idle' });
  assert.equal(fleet.fleet.workers.has(W), false);
  assert.deepEqual(
    ends(fleet).map(({ end }) => end),
    ['silent'],
  );
  assert.equal(completed(fleet) ?? 0, 0);
});

test('a worker that writes a file and sends messages has one job', () => {
  const fleet = createProgressFleet();
  const job = running({ started_at: seconds(0) });
  fleet.look(0);
  message(fleet, 1, { name: W, ...job });
  fleet.look(2, { [W]: job });
  message(fleet, 3, { name: W, ...job, done: 1 });
  fleet.look(4, { [W]: undefined });
  message(fleet, 5, { name: W, ...job, state: 'done' });
  assert.equal(ends(fleet).length, 1);
  assert.equal(completed(fleet), 1);
});

test('a file gone mad with stage names does not fill the page', () => {
  const fleet = createProgressFleet();
  fleet.look(0);
  for (let i = 0; i < 1200; i++) fleet.look(i + 1, { [W]: { stage: `S${i}`, document: `D${i}` } });
  assert.ok(fleet.fleet.stageWork.size <= 1000);
});

const HOURS_5 = 5 * 3600;
const local = (offset: number): string => new Date(T0 + (offset - HOURS_5) * 1000).toISOString().slice(0, 19);

test('local time without a zone dates nothing that stood there at the first look', () => {
  const fleet = createProgressFleet();
  const file = (done: number, at: number) =>
    running({ done, started_at: local(-300), updated_at: local(at) });
  fleet.look(0, { [W]: file(1, -1) }, { isComplete: true, mtimeSeconds: -1 });
  assert.equal(jobOf(fleet)?.startedAtMs, T0 - 300_000);
  assert.equal(jobOf(fleet)?.lastProgressAtMs, T0 - 1000);
  fleet.look(2, { [W]: file(2, 2) });
  assert.equal(jobOf(fleet)?.lastProgressAtMs, T0 + 2000);
  assert.equal(jobOf(fleet)?.startedAtMs, T0 - 300_000);
  assert.equal(jobOf(fleet)?.clockSkewMs, -HOURS_5 * 1000);
});

test('a stuck worker whose times are off is as old at the first look as its file', () => {
  const fleet = createProgressFleet();
  fleet.look(0, { [W]: running({ updated_at: local(-900) }) }, { isComplete: true, mtimeSeconds: -900 });
  assert.equal(jobOf(fleet)?.lastProgressAtMs, T0 - 900_000);
});

test('an old time that is repeated with each heartbeat is no wrong clock', () => {
  const fleet = createProgressFleet();
  fleet.look(0);
  const file = running({ done: 1, updated_at: seconds(1) });
  fleet.look(2, { [W]: file });
  fleet.look(300, { [W]: file });
  assert.equal(jobOf(fleet)?.clockSkewMs, undefined);
  assert.equal(jobOf(fleet)?.lastHeartbeatAtMs, T0 + 300_000);
  assert.equal(jobOf(fleet)?.lastProgressAtMs, T0 + 1000);
});

test('a start that nothing confirms counts for nothing', () => {
  const fleet = createProgressFleet();
  const zoneless = { [W]: running({ started_at: local(0) }) };
  fleet.look(0, zoneless, { isComplete: true, mtimeSeconds: -7 });
  assert.equal(jobOf(fleet)?.startedAtMs, T0 - 7000);
  const other = 'paddle-worker-gpu1-1';
  fleet.look(2, { [other]: running({ started_at: seconds(-HOURS_5) }) });
  assert.equal(jobOf(fleet, other)?.startedAtMs, T0 + 2000);
  assert.equal(jobOf(fleet, other)?.clockSkewMs, -(HOURS_5 + 2) * 1000);
});

test('messages are dated by their coming where their times are off', () => {
  const fleet = createProgressFleet();
  const send = (at: number, more: object): void =>
    fleet.apply({
      kind: 'progress-message',
      text: JSON.stringify({ name: W, ...running(more) }),
      atMs: T0 + at * 1000,
    });
  send(0, { done: 1, started_at: local(-60), updated_at: local(0) });
  assert.equal(jobOf(fleet)?.lastProgressAtMs, T0);
  assert.equal(jobOf(fleet)?.startedAtMs, T0 - 60_000);
  send(10, { done: 2, started_at: local(-60), updated_at: local(10) });
  assert.equal(jobOf(fleet)?.clockSkewMs, -HOURS_5 * 1000);
  send(130, { done: 3, started_at: seconds(-60), updated_at: seconds(10) });
  assert.equal(jobOf(fleet)?.clockSkewMs, undefined, 'a broker that held its publishers up');
});
