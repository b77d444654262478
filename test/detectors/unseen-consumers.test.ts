import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { JudgedFleet } from '../support/judged-fleet.js';
import { found, job, OTHER, openedWhile, stageFleet, W } from '../support/pipeline-events.js';

/** Two workers that had a job each, and a consumer each. */
function idlePair(): JudgedFleet {
  const fleet = stageFleet();
  for (const name of [W, OTHER]) {
    fleet.container(name);
    fleet.progress(name, job(fleet, { document: `of-${name}` }));
  }
  fleet.queue('g3', { ready: 0, unacked: 2, consumers: 2 });
  fleet.judgeFor(10);
  for (const name of [W, OTHER]) fleet.progress(name, undefined);
  fleet.queue('g3', { ready: 0, unacked: 0, consumers: 2 });
  fleet.judgeFor(30);
  return fleet;
}

describe('missing consumers that cannot be seen', () => {
  it('are not found by time in which the broker was away', () => {
    const fleet = idlePair();
    fleet.queue('g3', { ready: 0, unacked: 0, consumers: 1 });
    fleet.judgeFor(10);
    fleet.setUp('rabbitmq', false);
    fleet.judgeFor(300);
    fleet.setUp('rabbitmq', true);
    assert.deepEqual(openedWhile(fleet, 'WorkerStarved', 20), []);
  });

  it('leave a worker starved that was so', () => {
    const fleet = idlePair();
    fleet.queue('g3', { ready: 0, unacked: 0, consumers: 0 });
    fleet.judgeFor(70);
    assert.equal(fleet.statusOf(W), 'starved');
    fleet.queue('g3', {});
    const cleared = fleet.judgeFor(240).flatMap((outcome) => outcome.cleared);
    assert.deepEqual(
      cleared.map(({ kind }) => kind),
      [],
    );
    fleet.queue('g3', { ready: 0, unacked: 0, consumers: 0 });
    assert.deepEqual(openedWhile(fleet, 'WorkerStarved', 60), []);
    assert.equal(fleet.statusOf(W), 'starved');
  });

  it('count no time in which nothing was seen, and do not begin again', () => {
    const fleet = idlePair();
    fleet.queue('g3', { ready: 0, unacked: 0, consumers: 0 });
    fleet.judgeFor(40);
    fleet.queue('g3', {});
    fleet.judgeFor(300);
    fleet.queue('g3', { ready: 0, unacked: 0, consumers: 0 });
    assert.deepEqual(openedWhile(fleet, 'WorkerStarved', 5), [], 'not by time in which nothing was seen');
    assert.equal(openedWhile(fleet, 'WorkerStarved', 30).length > 0, true, 'what was seen before counts');
  });

  it('are not back because nobody knows what one of the workers does', () => {
    const fleet = idlePair();
    fleet.queue('g3', { ready: 0, unacked: 0, consumers: 1 });
    fleet.judgeFor(70);
    assert.ok(found(fleet, 'WorkerStarved'));
    fleet.store.apply({
      kind: 'container-unreadable',
      id: `id-of-${OTHER}`,
      problem: 'State: expected text',
    });
    fleet.judgeFor(240);
    assert.equal(fleet.statusOf(OTHER), 'unknown');
    assert.ok(found(fleet, 'WorkerStarved'));
  });
});
