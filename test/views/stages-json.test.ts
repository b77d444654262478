import assert from 'node:assert/strict';
import { test } from 'node:test';
import { renderFleetJson } from '../../src/views/fleet-json.js';
import { NO_VERDICTS } from '../support/no-verdicts.js';
import { createProgressFleet, seconds, T0 } from '../support/progress-fleet.js';

const NO_JOBS = { count: 0, sumSeconds: 0, meanSeconds: null };

test('stages stand in DAG order, those known from workers and sentinels after the configured', () => {
  const fleet = createProgressFleet();
  fleet.apply({
    kind: 'stages-configured',
    stages: [
      { id: 'Z', name: 'Last', branch: 'A', queue: 'z', order: 1 },
      { id: 'G3', order: 2 },
    ],
  });
  fleet.look(0);
  for (const [at, end] of [
    [2, 'done'],
    [20, 'failed'],
    [40, 'other'],
  ] as const) {
    const job = { stage: 'G3', document: end, started_at: seconds(at) };
    fleet.look(at, { 'a-worker': job });
    fleet.look(at + 4, { 'a-worker': { ...job, state: end } });
  }
  fleet.look(50, { 'a-worker': { stage: 'G3', document: 'next' }, 'b-worker': { stage: 'G1' } });
  fleet.apply({ kind: 'sentinels-watched', reasons: [], stages: [] });
  fleet.apply({ kind: 'sentinels-counted', counts: [{ stage: 'G0', successes: 7, failures: 2 }] });
  const { stages } = renderFleetJson(fleet.fleet, NO_VERDICTS, T0);
  assert.deepEqual(
    stages.map(({ id, configured, workers }) => [id, configured, workers]),
    [
      ['Z', true, 0],
      ['G3', true, 1],
      ['G0', false, 0],
      ['G1', false, 1],
    ],
  );
  assert.deepEqual(stages[0], {
    id: 'Z',
    name: 'Last',
    branch: 'A',
    queue: 'z',
    configured: true,
    discovered: false,
    workers: 0,
    workersByStatus: null,
    orchestratorsByStatus: null,
    limits: null,
    jobsPerHour: null,
    p95JobSeconds: null,
    sentinels: { successes: null, failures: null },
    jobs: { completed: 0, failed: 0, endedUnknown: 0, durations: NO_JOBS },
  });
  assert.deepEqual(stages[1]?.jobs, {
    completed: 1,
    failed: 1,
    endedUnknown: 1,
    durations: { count: 1, sumSeconds: 4, meanSeconds: 4 },
  });
  assert.deepEqual(stages[2]?.sentinels, { successes: 7, failures: 2 });
});

test('where nobody watches work, a stage says nothing of its jobs', () => {
  const fleet = createProgressFleet();
  fleet.apply({ kind: 'stages-configured', stages: [{ id: 'G3', order: 1 }] });
  assert.equal(renderFleetJson(fleet.fleet, NO_VERDICTS, T0).stages[0]?.jobs, null);
});
