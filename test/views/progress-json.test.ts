import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { renderProgress } from '../../src/views/progress-json.js';
import { createJudgedFleet, type JudgedFleet, T0 } from '../support/judged-fleet.js';

const CONFIG = {
  stages: [
    { id: 'G2_00', name: 'Layout', queue: 'g2_00', workers: 'spine-worker-*' },
    { id: 'G3_02', name: 'Witnesses', queue: 'g3_02', workers: 'paddle-worker-*' },
  ],
};
const O = 'orchestrator-1';
const W = 'paddle-worker-gpu1-0';

function waitFor(fleet: JudgedFleet, stage: string, more: object = {}): void {
  fleet.progress(O, { role: 'orchestrator', state: 'waiting', stage, document: 'PMC1', ...more });
}

function rowOf(fleet: JudgedFleet) {
  const [row] = renderProgress(fleet.store.fleet, fleet.evaluation.verdicts).orchestrators;
  assert.ok(row);
  return row;
}

function workerOf(fleet: JudgedFleet) {
  const [row] = renderProgress(fleet.store.fleet, fleet.evaluation.verdicts).workers;
  assert.ok(row);
  return row;
}

describe('the row of an orchestrator', () => {
  it('counts the time of this wait, not of all waits since it first waited', () => {
    const fleet = createJudgedFleet(CONFIG);
    fleet.container(O);
    waitFor(fleet, 'G2_00');
    fleet.judgeFor(600);
    waitFor(fleet, 'G3_02');
    fleet.judgeFor(60);
    const { since, reason, stage } = rowOf(fleet);
    assert.equal(since, new Date(T0 + 600_000).toISOString());
    assert.equal(stage, 'G3_02');
    assert.match(reason ?? '', /^waits for G3_02 for 1m00s/);
  });

  it('counts a wait from its begin although the orchestrator writes a message now and then', () => {
    const fleet = createJudgedFleet(CONFIG);
    fleet.container(O);
    for (let poll = 0; poll < 10; poll++) {
      waitFor(fleet, 'G3_02', { message: `poll ${poll}` });
      fleet.judgeFor(60);
    }
    const { since, reason } = rowOf(fleet);
    assert.equal(since, new Date(T0).toISOString());
    assert.match(reason ?? '', /^waits for G3_02 for 10m00s/);
  });

  it('names the stage that its reason names, though the orchestrator went on since it was judged', () => {
    const fleet = createJudgedFleet(CONFIG);
    fleet.container(O);
    waitFor(fleet, 'G2_00');
    fleet.judgeFor(30);
    waitFor(fleet, 'G3_02', { document: 'PMC2' });
    const { stage, document, reason } = rowOf(fleet);
    assert.deepEqual([stage, document], ['G2_00', 'PMC1']);
    assert.match(reason ?? '', /^waits for G2_00/);
  });
});

describe('the row of a worker', () => {
  it('shows no job while it is idle, though one began since it was judged', () => {
    const fleet = createJudgedFleet(CONFIG);
    fleet.container(W);
    fleet.progress(W, { document: 'PMC1', done: 1, total: 4 });
    fleet.judge();
    fleet.progress(W, undefined);
    fleet.judgeFor(5);
    fleet.progress(W, { document: 'PMC2', done: 0, total: 4 });
    const { status, document, jobStartedAt, done } = workerOf(fleet);
    assert.deepEqual([status, document, jobStartedAt, done], ['idle', null, null, null]);
  });

  it('shows no job that its container had before its last start', () => {
    const fleet = createJudgedFleet(CONFIG);
    fleet.container(W);
    fleet.progress(W, { document: 'PMC1', done: 1, total: 4 });
    fleet.judgeFor(60);
    fleet.container(W, { startedAtMs: fleet.nowMs });
    fleet.judgeFor(900);
    const { status, document, jobStartedAt } = workerOf(fleet);
    assert.deepEqual([status, document, jobStartedAt], ['idle', null, null]);
  });
});
