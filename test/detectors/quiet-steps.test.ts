/** A page that waits for a remote call, in a stage whose pages take two seconds. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createJudgedFleet, type JudgedFleet } from '../support/judged-fleet.js';

const W = 'paddle-worker-gpu1-0';
const PAGES = 10;
const PAGE_S = 2;
const QUIET_S = 200;

const page = (document: string, done: number) => ({
  stage: 'G3',
  document,
  done,
  total: PAGES,
  unit: 'page',
});

function workFor(fleet: JudgedFleet, jobs: number, first = 0): void {
  for (let job = first; job < first + jobs; job++) {
    for (let done = 0; done < PAGES; done++) {
      fleet.progress(W, page(`PMC${job}`, done));
      fleet.pass(PAGE_S);
    }
    fleet.progress(W, undefined);
    fleet.judge();
  }
}

/** Its CPU time stands still for as long. Gives what was found meanwhile. */
function waitQuietly(fleet: JudgedFleet, document: string): readonly string[] {
  fleet.cpu(W, 100);
  fleet.progress(W, page(document, 3));
  const outcomes = fleet.judgeFor(QUIET_S);
  fleet.progress(W, page(document, 4));
  fleet.pass(PAGE_S);
  fleet.judge();
  return outcomes.flatMap(({ opened }) => opened.map(({ kind }) => kind));
}

function start(): JudgedFleet {
  const fleet = createJudgedFleet({ stages: [{ id: 'G3', workers: 'paddle-*' }] });
  fleet.container(W);
  return fleet;
}

describe('a quiet step in a fast stage', () => {
  it('makes nobody stuck by a limit that few jobs have taught', () => {
    const fleet = start();
    workFor(fleet, 5);
    assert.deepEqual(waitQuietly(fleet, 'PMC-quiet'), []);
  });

  it('makes nobody stuck where the limit has not proven itself, nor when the next such step comes', () => {
    const fleet = start();
    workFor(fleet, 100);
    assert.deepEqual(waitQuietly(fleet, 'PMC-quiet'), []);
    workFor(fleet, 400, 1000);
    assert.equal(fleet.evaluation.verdicts.limits.get('G3')?.learnedMs, 1.5 * QUIET_S * 1000);
    assert.deepEqual(waitQuietly(fleet, 'PMC-quiet-2'), []);
  });

  it('makes nobody stuck while bytes come in, however well the limit is proven, and does once they do not', () => {
    const fleet = start();
    workFor(fleet, 310);
    fleet.cpu(W, 100);
    fleet.progress(W, page('PMC-download', 3));
    const take = (seconds: number, bytesPerSecond: number): void => {
      for (let passed = 0; passed < seconds; passed += 5) {
        received += 5 * bytesPerSecond;
        const readings = [{ id: `id-of-${W}`, inBytes: received, outBytes: 0 }];
        fleet.store.apply({ kind: 'io-read', atMs: fleet.nowMs, readings });
        fleet.judgeFor(5);
      }
    };
    let received = 0;
    take(QUIET_S, 5000);
    assert.equal(fleet.statusOf(W), 'slow');
    assert.match(fleet.evaluation.verdicts.workers.get(W)?.evidence.join() ?? '', /received 25\.0 kB/);
    take(QUIET_S, 50);
    assert.equal(fleet.statusOf(W), 'stuck');
  });

  it('is a hang where none was ever seen in hundreds of jobs', () => {
    const fleet = start();
    workFor(fleet, 310);
    assert.equal(fleet.evaluation.verdicts.limits.get('G3')?.stallMs, 60_000);
    assert.ok(waitQuietly(fleet, 'PMC-hung').includes('WorkerStuck'));
  });
});
