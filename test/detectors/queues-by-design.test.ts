import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { QueueReading } from '../../src/fleet/queue-observations.js';
import type { JudgedFleet } from '../support/judged-fleet.js';
import { found, openedWhile, stageFleet } from '../support/pipeline-events.js';

/** What frameworks leave without a consumer by design, as the metrics page tells of it: by name alone. */
const BY_DESIGN = [
  'jobs.dlq',
  'default.XQ',
  'celery_delayed_7',
  'nsb.delay-level-10',
  'celeryev.0f0f',
  'events',
];

function openKinds(fleet: JudgedFleet): readonly string[] {
  return [...fleet.evaluation.verdicts.findings.values()].map(
    ({ kind, subject }) => `${kind} ${subject.queue}`,
  );
}

describe('a queue that no consumer is expected on', () => {
  it('is not without consumers, nor growing, by its name', () => {
    const fleet = stageFleet();
    for (let minute = 0; minute < 30; minute++) {
      for (const name of BY_DESIGN)
        fleet.queue(name, { ready: 1 + (name === 'events' ? 0 : minute * 5), consumers: 0 });
      fleet.judgeFor(60);
    }
    assert.deepEqual(
      openKinds(fleet).filter((text) => !text.startsWith('DeadLettersGrowing')),
      [],
    );
  });

  it('is not growing by how it was declared', () => {
    const fleet = stageFleet();
    const declared: readonly Partial<QueueReading>[] = [
      { type: 'stream' },
      { traits: { isExclusive: true } },
      { traits: { messageTtlMs: 600_000, deadLetterExchange: 'amq.topic' } },
    ];
    for (let minute = 0; minute < 20; minute++) {
      for (const [index, how] of declared.entries())
        fleet.queue(`q${index}`, { ...how, ready: minute * 10, consumers: 0 });
      fleet.judgeFor(60);
    }
    assert.deepEqual(openKinds(fleet), []);
  });

  it('is one that no stage has and that consumers served before the daemon was started', () => {
    const fleet = stageFleet();
    fleet.store.apply({ kind: 'queues-served', vhost: '/', names: ['orders', 'gone'] });
    fleet.queue('orders', { ready: 5, consumers: 0 });
    fleet.queue('never', { ready: 5, consumers: 0 });
    const opened = openedWhile(fleet, 'QueueNoConsumers', 120);
    assert.deepEqual(
      opened.map(({ subject }) => subject.queue),
      ['orders'],
    );
  });

  it('is one that no stage has, until a consumer was seen on it', () => {
    const fleet = stageFleet();
    fleet.queue('other', { ready: 5, consumers: 0 });
    assert.deepEqual(openedWhile(fleet, 'QueueNoConsumers', 300), []);
    fleet.queue('other', { ready: 5, consumers: 1 });
    fleet.judgeFor(10);
    fleet.queue('other', { ready: 5, consumers: 0 });
    const [opened] = openedWhile(fleet, 'QueueNoConsumers', 90);
    assert.equal(opened?.subject.queue, 'other');
    assert.match(opened.evidence[1] ?? '', /consumers served it before/);
  });
});

describe('a queue of dead letters', () => {
  const from = {
    traits: { deadLetterExchange: '', deadLetterRoutingKey: 'jobs.dlq' },
    ready: 0,
    consumers: 1,
  };

  function watched(ready: number): JudgedFleet {
    const fleet = stageFleet();
    fleet.queue('g3', from);
    fleet.queue('jobs.dlq', { ready, unacked: 0, consumers: 0 });
    fleet.judgeFor(120);
    return fleet;
  }

  function hold(fleet: JudgedFleet, reading: Partial<QueueReading>, seconds: number) {
    fleet.queue('jobs.dlq', { consumers: 0, ...reading });
    return openedWhile(fleet, 'DeadLettersGrowing', seconds);
  }

  it('is growing by what came in the last hour, and says from which queue', () => {
    const fleet = watched(40);
    assert.deepEqual(hold(fleet, { ready: 42 }, 120), []);
    const [opened] = hold(fleet, { ready: 47 }, 120);
    assert.equal(opened?.summary, '7 dead letters in the last hour from g3 (G3)');
    assert.deepEqual(opened.subject, { queue: 'jobs.dlq', vhost: '/', stage: 'G3' });
    assert.match(opened.evidence.join('\n'), /47 are in jobs\.dlq now/);
  });

  it('is not growing by what was in it before, nor by one that looks into it', () => {
    const fleet = watched(40);
    for (let time = 0; time < 8; time++) {
      assert.deepEqual(hold(fleet, { ready: 30, unacked: 10 }, 30), []);
      assert.deepEqual(hold(fleet, { ready: 30 }, 20), []);
      assert.deepEqual(hold(fleet, { ready: 40, unacked: 0 }, 70), []);
    }
  });

  it('is growing though somebody empties it meanwhile', () => {
    const fleet = watched(40);
    hold(fleet, { ready: 42 }, 120);
    hold(fleet, { ready: 0 }, 120);
    hold(fleet, { ready: 2 }, 120);
    assert.match(found(fleet, 'DeadLettersGrowing')?.summary ?? 'nothing', /^4 dead letters/);
  });

  it('ends when none has come for an hour, though it is as full', () => {
    const fleet = watched(0);
    hold(fleet, { ready: 5 }, 3500);
    assert.ok(found(fleet, 'DeadLettersGrowing'));
    hold(fleet, { ready: 5 }, 200);
    assert.equal(found(fleet, 'DeadLettersGrowing'), undefined);
  });
});
