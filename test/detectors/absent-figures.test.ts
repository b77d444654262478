import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { end, found, stageFleet, W } from '../support/pipeline-events.js';

describe('a queue whose figures are absent from answers', () => {
  it('is not said to be acked by none where only its depth is known', () => {
    const fleet = stageFleet();
    for (let minute = 0; minute < 15; minute++) {
      fleet.queue('g3', { ready: 100 + minute * 10, consumers: 2 });
      fleet.judgeFor(60);
    }
    const evidence = found(fleet, 'QueueGrowing')?.evidence.join('\n') ?? '';
    assert.match(evidence, /how much goes out is not known/);
    assert.doesNotMatch(evidence, /never drains/);
  });

  it('got no dead letters when what consumers hold is told again', () => {
    const fleet = stageFleet();
    for (const held of [{}, { unacked: 50 }, {}, { unacked: 50 }, {}]) {
      fleet.queue('jobs.dlq', { ready: 10, consumers: 1, ...held });
      fleet.judgeFor(240);
    }
    assert.equal(found(fleet, 'DeadLettersGrowing'), undefined);
  });

  it('got dead letters though only those that wait are told', () => {
    const fleet = stageFleet();
    fleet.queue('jobs.dlq', { ready: 10 });
    fleet.judgeFor(240);
    fleet.queue('jobs.dlq', { ready: 14 });
    fleet.judgeFor(60);
    assert.match(found(fleet, 'DeadLettersGrowing')?.summary ?? '', /^4 dead letters/);
  });

  it('leaves a stage stalled that was so', () => {
    const fleet = stageFleet();
    fleet.container(W);
    fleet.queue('g3', { ready: 7, consumers: 0 });
    fleet.judgeFor(10);
    end(fleet, W, 1);
    fleet.judgeFor(60);
    assert.ok(found(fleet, 'StageStalled'));
    fleet.queue('g3', { consumers: 0 });
    fleet.judgeFor(240);
    assert.ok(found(fleet, 'StageStalled'));
  });
});
