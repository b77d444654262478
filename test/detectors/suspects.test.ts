/** Which silent workers more is asked about, and how early: there must be time for two readings before the limit. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { listPeers, listSuspects } from '../../src/detectors/suspects.js';
import { createJudgedFleet } from '../support/judged-fleet.js';

const W = 'paddle-worker-gpu1-0';

/** Of a worker that has shown no step and used no CPU for so long. */
function suspectsAfter(seconds: number, stallAfter?: string) {
  const fleet = createJudgedFleet({
    stages: [{ id: 'G3', workers: 'paddle-*', ...(stallAfter && { stall_after: stallAfter }) }],
  });
  fleet.container(W);
  fleet.progress(W, { stage: 'G3', document: 'PMC1', done: 1, total: 9, unit: 'page' });
  fleet.cpu(W, 100);
  fleet.judgeFor(seconds);
  const { store, evaluation } = fleet;
  return listSuspects(evaluation.verdicts, store.fleet).map(({ isQuiet }) => ({ isQuiet }));
}

describe('suspects', () => {
  for (const [what, seconds, stallAfter, found] of [
    ['silent for less than a short limit\u2019s third', 4, '15s', []],
    ['silent for more than a short limit\u2019s third', 10, '15s', [{ isQuiet: true }]],
    ['silent for as long under the default limit', 10, undefined, []],
    ['silent for 25 s under the default limit', 25, undefined, [{ isQuiet: true }]],
  ] as const)
    it(`where a worker is ${what}`, () => assert.deepEqual(suspectsAfter(seconds, stallAfter), found));
});

describe('peers of suspects', () => {
  it('are two of the stage that have just moved, and none while nobody is suspect', () => {
    const fleet = createJudgedFleet({ stages: [{ id: 'G3', workers: 'paddle-*' }] });
    const names = [W, ...[0, 1, 2].map((index) => `paddle-worker-gpu0-${index}`)];
    // Busy, and without a step for too long to be called healthy.
    const silent = 'paddle-worker-gpu0-00';
    const step = (name: string, done: number) =>
      fleet.progress(name, { stage: 'G3', document: `PMC${name}`, done, total: 99, unit: 'page' });
    for (const name of [silent, ...names]) {
      fleet.container(name);
      fleet.cpu(name, 100);
      step(name, 1);
    }
    fleet.container('ocr-worker-gpu0-0');
    fleet.judge();
    const peers = () => listPeers(fleet.evaluation.verdicts, fleet.store.fleet);
    assert.deepEqual(peers(), []);
    for (let done = 2; done < 8; done++) {
      if (done === 2) assert.equal(fleet.statusOf(silent), 'active');
      fleet.cpu(silent, 100 * done);
      for (const name of names.slice(1)) step(name, done);
      fleet.judgeFor(5);
    }
    assert.deepEqual(peers(), ['id-of-paddle-worker-gpu0-0', 'id-of-paddle-worker-gpu0-1']);
  });
});
