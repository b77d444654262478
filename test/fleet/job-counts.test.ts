import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createProgressFleet, type ProgressFleet, seconds, T0 } from '../support/progress-fleet.js';
import { renderPage } from '../support/render-page.js';

const W = 'paddle-worker-0';
const at = (offset: number): number => T0 + offset * 1000;
const running = (document: string, more: object = {}) => ({ stage: 'G3', document, ...more });

function watchedFleet(...sources: readonly ('progress' | 'sentinels')[]): ProgressFleet {
  const fleet = createProgressFleet();
  for (const source of sources) fleet.apply({ kind: 'source-watched', source, target: 'x' });
  if (sources.includes('sentinels')) {
    fleet.apply({ kind: 'sentinels-watched', reasons: ['unknown'], stages: [] });
  }
  fleet.look(0);
  return fleet;
}

function sentinel(
  fleet: ProgressFleet,
  outcome: 'success' | 'failure',
  document: string | undefined,
  atSeconds: number,
): void {
  const reason = outcome === 'failure' && { reason: 'unknown', error: 'x' };
  const seen = { outcome, stage: 'G3', ...(document !== undefined && { document }), atMs: at(atSeconds) };
  fleet.apply({ kind: 'sentinel-seen', sentinel: { ...seen, ...reason } });
}

/** Completed, failed, ended unknown, durations of stage G3; undefined where the page has no such series. */
async function counts({ fleet }: ProgressFleet) {
  const lines = await renderPage(fleet, at(100));
  const names = ['jobs_completed_total', 'jobs_failed_total', 'jobs_ended_unknown_total'];
  return [...names, 'job_duration_seconds_count'].map((name) => {
    const prefix = `pipeline_stage_${name}{stage="G3"} `;
    const line = lines.find((candidate) => candidate.startsWith(prefix));
    return line === undefined ? undefined : Number(line.slice(prefix.length));
  });
}

test('a crash loop over documents looks like no throughput', async () => {
  const fleet = watchedFleet('progress');
  for (let i = 1; i <= 5; i++) fleet.look(i * 2, { [W]: running(`D${i}`, { started_at: seconds(i * 2) }) });
  assert.deepEqual(await counts(fleet), [0, 0, 4, 0]);
});

test('a removed file is the normal end where no sentinels are watched', async () => {
  const fleet = watchedFleet('progress');
  fleet.look(2, { [W]: running('A') });
  fleet.look(4, { [W]: undefined });
  assert.deepEqual(await counts(fleet), [1, 0, 0, 1]);
});

test('a job counted by its removed file is not counted again when sentinels come to be watched', async () => {
  const fleet = watchedFleet('progress');
  fleet.look(2, { [W]: running('A') });
  fleet.look(4, { [W]: undefined });
  fleet.apply({ kind: 'source-watched', source: 'sentinels', target: 'x' });
  sentinel(fleet, 'success', 'A', 4);
  assert.deepEqual(await counts(fleet), [1, 0, 0, 1]);
});

test('idle is the same as no file', async () => {
  const fleet = watchedFleet('progress');
  fleet.look(2, { [W]: running('A') });
  fleet.look(4, { [W]: { stage: 'G3', state: 'idle' } });
  assert.deepEqual(await counts(fleet), [1, 0, 0, 1]);
});

test('where sentinels are watched, a file removed without one is an unknown end', async () => {
  const fleet = watchedFleet('progress', 'sentinels');
  fleet.look(2, { [W]: running('A') });
  fleet.look(4, { [W]: undefined });
  assert.deepEqual(await counts(fleet), [0, 0, 0, 0], 'a sentinel may still come');
  fleet.look(30);
  assert.deepEqual(await counts(fleet), [0, 0, 1, 0]);
});

test('an unknown end is settled by the time of any source', async () => {
  const fleet = watchedFleet('progress', 'sentinels');
  fleet.look(2, { [W]: running('A') });
  fleet.look(4, { [W]: undefined });
  fleet.apply({ kind: 'source-read', source: 'docker', atMs: at(60), durationMs: 1 });
  assert.deepEqual(await counts(fleet), [0, 0, 1, 0]);
});

for (const [outcome, expected] of [
  ['success', [1, 0, 0, 1]],
  ['failure', [0, 1, 0, 0]],
] as const) {
  for (const [when, script] of [
    ['before the end', [3, 4]],
    ['soon after the end', [6, 4]],
  ] as const) {
    for (const how of ['removed', 'replaced', 'told by its state']) {
      test(`a ${outcome} sentinel ${when} of a job that is ${how} counts once`, async () => {
        const fleet = watchedFleet('progress', 'sentinels');
        fleet.look(2, { [W]: running('A') });
        const state = outcome === 'success' ? 'done' : 'failed';
        const end = how === 'removed' ? undefined : running(how === 'replaced' ? 'B' : 'A');
        const file = how === 'told by its state' ? { ...end, state } : end;
        const [sentinelAt, endAt] = script;
        if (sentinelAt < endAt) sentinel(fleet, outcome, 'A', sentinelAt);
        fleet.look(endAt, { [W]: file });
        if (sentinelAt > endAt) sentinel(fleet, outcome, 'A', sentinelAt);
        fleet.look(40);
        assert.deepEqual(await counts(fleet), expected);
      });
    }
  }
}

test('a failure told by the state alone is counted, with and without sentinels', async () => {
  for (const fleet of [watchedFleet('progress'), watchedFleet('progress', 'sentinels')]) {
    fleet.look(2, { [W]: running('A') });
    fleet.look(4, { [W]: running('A', { state: 'failed' }) });
    fleet.look(40);
    assert.deepEqual(await counts(fleet), [0, 1, 0, 0]);
  }
});

test('a retry that fails again is a second failure, told by state and sentinel alike', async () => {
  const fleet = watchedFleet('progress', 'sentinels');
  for (const start of [0, 60]) {
    fleet.look(start + 2, { [W]: running('A', { started_at: seconds(start + 2) }) });
    fleet.look(start + 4, { [W]: running('A', { started_at: seconds(start + 2), state: 'failed' }) });
    sentinel(fleet, 'failure', 'A', start + 5);
  }
  assert.deepEqual(await counts(fleet), [0, 2, 0, 0]);
});

test('a retry at once does not take the failure of the try before for its own', async () => {
  const fleet = watchedFleet('progress', 'sentinels');
  fleet.look(2, { [W]: running('A', { started_at: seconds(2) }) });
  sentinel(fleet, 'failure', 'A', 3);
  fleet.look(4, { [W]: running('A', { started_at: seconds(4) }) });
  fleet.look(6, { [W]: running('A', { started_at: seconds(4), state: 'failed' }) });
  assert.deepEqual(await counts(fleet), [0, 2, 0, 0]);
});

test('jobs too short to be seen are counted by their sentinels', async () => {
  const fleet = watchedFleet('progress', 'sentinels');
  sentinel(fleet, 'success', 'A', 1);
  sentinel(fleet, 'failure', 'B', 1);
  sentinel(fleet, 'failure', undefined, 1);
  assert.deepEqual(await counts(fleet), [1, 2, 0, 0]);
});

test('a sentinel that comes very late is counted; the unknown end stays counted', async () => {
  const fleet = watchedFleet('progress', 'sentinels');
  fleet.look(2, { [W]: running('A') });
  fleet.look(4, { [W]: undefined });
  fleet.look(60);
  sentinel(fleet, 'success', 'A', 3);
  assert.deepEqual(await counts(fleet), [1, 0, 1, 1]);
});

test('every stage that is known begins at 0, the configured ones without a worker too', async () => {
  const fleet = watchedFleet('progress');
  fleet.apply({ kind: 'stages-configured', stages: [{ id: 'G3', order: 1 }] });
  assert.deepEqual(await counts(fleet), [0, 0, 0, 0]);
});

test('where nobody watches work, no counter claims that nothing was done', async () => {
  const fleet = createProgressFleet();
  fleet.apply({ kind: 'stages-configured', stages: [{ id: 'G3', order: 1 }] });
  assert.deepEqual(await counts(fleet), [undefined, undefined, undefined, undefined]);
});
