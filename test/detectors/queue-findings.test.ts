import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { JudgedFleet } from '../support/judged-fleet.js';
import { found, openedWhile, stageFleet, W } from '../support/pipeline-events.js';

/** The broker cannot be reached for so long, and then tells what it told last. */
function outage(fleet: JudgedFleet, seconds: number): void {
  fleet.setUp('rabbitmq', false);
  fleet.judgeFor(seconds);
  fleet.setUp('rabbitmq', true);
}

describe('a queue with messages and no consumer', () => {
  function unserved(seconds: number): JudgedFleet {
    const fleet = stageFleet();
    fleet.queue('g3', { ready: 5, consumers: 0 });
    fleet.judgeFor(seconds);
    return fleet;
  }

  for (const seconds of [30, 600]) {
    it(`is counted on after the broker was away for ${seconds} s, once its clients have had time to return`, () => {
      const fleet = unserved(50);
      assert.deepEqual(openedWhile(fleet, 'QueueNoConsumers', 0), []);
      outage(fleet, seconds);
      assert.deepEqual(openedWhile(fleet, 'QueueNoConsumers', 25), []);
      fleet.judgeFor(15);
      assert.match(found(fleet, 'QueueNoConsumers')?.summary ?? 'nothing', /no consumer for 1m0\ds/);
    });
  }

  it('is not told of while the broker is away', () => {
    const fleet = unserved(50);
    fleet.setUp('rabbitmq', false);
    assert.deepEqual(openedWhile(fleet, 'QueueNoConsumers', 600), []);
  });

  it('is found though its figures are absent from 2 of 5 answers, and counts only what was seen', () => {
    const fleet = stageFleet();
    const opened: string[] = [];
    for (let answer = 0; answer < 40; answer++) {
      fleet.queue('g3', answer % 5 < 3 ? { ready: 5, consumers: 0 } : {});
      opened.push(...openedWhile(fleet, 'QueueNoConsumers', 5).map(({ summary }) => summary));
    }
    assert.deepEqual(opened, ['5 waiting and no consumer for 1m00s']);
    assert.ok(found(fleet, 'QueueNoConsumers'), 'and stays found through the answers that lack them');
  });

  it('says what is now while it is held open, and ends with its last words', () => {
    const fleet = unserved(80);
    fleet.queue('g3', { ready: 3, consumers: 2 });
    fleet.judgeFor(10);
    assert.equal(
      found(fleet, 'QueueNoConsumers')?.summary,
      'a consumer is there for 5s, now 3 waiting and 2 consumers',
    );
    const cleared = fleet.judgeFor(30).flatMap((outcome) => outcome.cleared);
    assert.match(cleared[0]?.summary ?? '', /^5 waiting and no consumer/);
  });

  it('is found though a read fails now and then', () => {
    const fleet = unserved(0);
    for (let time = 0; time < 6; time++) {
      outage(fleet, 5);
      fleet.judgeFor(20);
    }
    assert.ok(found(fleet, 'QueueNoConsumers'));
  });

  it('stays found over an outage, and until a consumer is there', () => {
    const fleet = unserved(80);
    const id = found(fleet, 'QueueNoConsumers')?.openedAtMs;
    outage(fleet, 120);
    fleet.judgeFor(120);
    assert.equal(found(fleet, 'QueueNoConsumers')?.openedAtMs, id);
    fleet.container(W, { startedAtMs: fleet.nowMs });
    fleet.judgeFor(60);
    assert.equal(found(fleet, 'QueueNoConsumers')?.isUnconfirmed, true, 'its worker loads its model');
    fleet.queue('g3', { ready: 5, consumers: 1 });
    fleet.judgeFor(30);
    assert.equal(found(fleet, 'QueueNoConsumers'), undefined);
  });
});

describe('a queue that rises', () => {
  /** By ten a minute. */
  function rise(fleet: JudgedFleet, minutes: number, from: number): void {
    for (let part = 0; part < minutes * 4; part++) {
      fleet.queue('g3', { ready: Math.floor(from + part * 2.5), consumers: 3 });
      fleet.judgeFor(15);
    }
  }

  it('is not growing by what was published while the broker was away', () => {
    const fleet = stageFleet();
    fleet.queue('g3', { ready: 0, consumers: 3 });
    fleet.judgeFor(180);
    outage(fleet, 600);
    const opened = [0, 1, 2, 3, 4, 5, 6, 7].flatMap((minute) => {
      fleet.queue('g3', { ready: 200 + minute, consumers: 3 });
      return openedWhile(fleet, 'QueueGrowing', 60);
    });
    assert.deepEqual(opened, []);
  });

  it('is growing when it goes on to rise for long after an outage', () => {
    const fleet = stageFleet();
    fleet.queue('g3', { ready: 0, consumers: 3 });
    outage(fleet, 600);
    rise(fleet, 12, 200);
    assert.match(found(fleet, 'QueueGrowing')?.summary ?? 'nothing', /\+10 a minute/);
  });

  it('stays found over an outage, and ends when it no longer rises', () => {
    const fleet = stageFleet();
    rise(fleet, 12, 0);
    assert.ok(found(fleet, 'QueueGrowing'));
    outage(fleet, 120);
    assert.match(found(fleet, 'QueueGrowing')?.evidence[0] ?? '', /^last seen so 1m\d\ds ago/);
    fleet.judgeFor(30);
    assert.ok(found(fleet, 'QueueGrowing'));
    fleet.judgeFor(600);
    assert.equal(found(fleet, 'QueueGrowing'), undefined, 'it rises no longer');
  });

  it('is found though outages come more often than its window is long', () => {
    const fleet = stageFleet();
    for (let time = 0; time < 5; time++) {
      rise(fleet, 3, time * 30);
      outage(fleet, 30);
    }
    rise(fleet, 1, 150);
    assert.ok(found(fleet, 'QueueGrowing'));
  });

  it('says that it no longer rises, and what waits now, while it is held open', () => {
    const fleet = stageFleet();
    rise(fleet, 12, 0);
    fleet.queue('g3', { ready: 0, consumers: 3 });
    fleet.judgeFor(115);
    const finding = found(fleet, 'QueueGrowing');
    assert.equal(finding?.summary, 'no longer rises for 1m50s, now 0 waiting');
    assert.ok(!finding.evidence.some((line) => line.includes('never drains')));
    rise(fleet, 13, 0);
    assert.match(
      found(fleet, 'QueueGrowing')?.summary ?? '',
      /waiting, \+/,
      'found again, it speaks as before',
    );
  });
});
