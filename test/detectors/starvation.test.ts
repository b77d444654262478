import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { listUnserved } from '../../src/detectors/suspects.js';
import type { QueueReading } from '../../src/fleet/queue-observations.js';
import type { JudgedFleet } from '../support/judged-fleet.js';
import { found, job, OTHER, openedWhile, stageFleet, W } from '../support/pipeline-events.js';

const THIRD = 'paddle-worker-gpu0-2';
const ALL = [W, OTHER, THIRD];

/** Three workers that each had a job, and a consumer each. */
function idleFleet(config: object = {}): JudgedFleet {
  const fleet = stageFleet(config);
  for (const name of ALL) {
    fleet.container(name);
    fleet.cpu(name, 100);
    fleet.progress(name, job(fleet, { document: `of-${name}` }));
  }
  fleet.queue('g3', { ready: 0, unacked: 3, consumers: 3 });
  fleet.judgeFor(10);
  for (const name of ALL) fleet.progress(name, undefined);
  fleet.queue('g3', { ready: 0, unacked: 0, consumers: 3 });
  fleet.judgeFor(30);
  return fleet;
}

/** What the kernel says of connections, at each look. */
function judgeWith(
  fleet: JudgedFleet,
  ports: Readonly<Record<string, readonly number[]>>,
  seconds: number,
): void {
  const readings = Object.entries(ports).map(([name, remotePorts]) => ({ id: `id-of-${name}`, remotePorts }));
  for (let passed = 0; passed < seconds; passed += 5) {
    fleet.store.apply({ kind: 'sockets-read', atMs: fleet.nowMs, readings });
    fleet.judgeFor(5);
  }
}

const starved = (fleet: JudgedFleet): readonly string[] =>
  ALL.filter((name) => fleet.statusOf(name) === 'starved');
const reasonOf = (fleet: JudgedFleet): string => fleet.evaluation.verdicts.workers.get(W)?.reason ?? '';

describe('a consumer that is lost while nothing waits', () => {
  it('is reported for the stage where nobody knows whose it is, until it is back', () => {
    const fleet = idleFleet();
    fleet.queue('g3', { ready: 0, unacked: 0, consumers: 2 });
    assert.deepEqual(openedWhile(fleet, 'WorkerStarved', 55), []);
    fleet.judgeFor(15);
    const finding = found(fleet, 'WorkerStarved');
    assert.deepEqual(finding?.subject, { stage: 'G3', queue: 'g3' });
    assert.match(finding?.summary ?? '', /^1 of 3 consumers of queue g3 missing for 1m/);
    assert.deepEqual(starved(fleet), []);
    fleet.judgeFor(600);
    assert.ok(found(fleet, 'WorkerStarved'));
    fleet.queue('g3', { ready: 0, unacked: 0, consumers: 3 });
    fleet.judgeFor(40);
    assert.equal(found(fleet, 'WorkerStarved'), undefined);
  });

  it('is the worker’s that has no connection', () => {
    const fleet = idleFleet();
    fleet.queue('g3', { ready: 0, unacked: 0, consumers: 2 });
    judgeWith(fleet, { [W]: [], [OTHER]: [5672], [THIRD]: [5672] }, 70);
    assert.deepEqual(starved(fleet), [W]);
    assert.match(
      reasonOf(fleet),
      /without a connection to the broker; 1 of 3 consumers of queue g3 missing$/,
    );
    assert.equal(openedWhile(fleet, 'WorkerStarved', 30).length, 0, 'not for the stage beside it');
  });

  it('is everybody’s where all are missing', () => {
    const fleet = idleFleet();
    fleet.queue('g3', { ready: 0, unacked: 0, consumers: 0 });
    fleet.judgeFor(70);
    assert.deepEqual(starved(fleet), ALL);
  });

  it('is not told of one at work while the others are idle for moments only, between two jobs', () => {
    const fleet = idleFleet();
    let opened = 0;
    fleet.progress(THIRD, job(fleet, { document: 'long' }));
    for (let round = 0; round < 20; round++) {
      for (const name of [W, OTHER]) fleet.progress(name, job(fleet, { document: `${name}-${round}` }));
      // The broker closed the channel of the third after its consumer timeout.
      fleet.queue('g3', { ready: 0, unacked: 2, consumers: 2 });
      fleet.progress(THIRD, job(fleet, { document: 'long', done: 12 + round }));
      opened += openedWhile(fleet, 'WorkerStarved', 25).length;
      for (const name of [W, OTHER]) fleet.progress(name, undefined);
      fleet.queue('g3', { ready: 0, unacked: 0, consumers: 2 });
      opened += openedWhile(fleet, 'WorkerStarved', 20).length;
    }
    assert.equal(opened, 0);
    fleet.progress(THIRD, undefined);
    fleet.judgeFor(75);
    assert.ok(found(fleet, 'WorkerStarved'), 'idle for long without its consumer');
  });

  it('is seen of workers that just started too, whose only job began and ended between two looks', () => {
    const fleet = stageFleet();
    const isNew = { startedAtMs: fleet.nowMs, createdAtMs: fleet.nowMs };
    for (const name of ALL) fleet.container(name, isNew);
    fleet.queue('g3', { ready: 0, unacked: 0, consumers: 3 });
    fleet.judgeFor(30);
    assert.deepEqual(
      ALL.map((name) => fleet.statusOf(name)),
      ['starting', 'starting', 'starting'],
    );
    for (const name of ALL) fleet.progress(name, job(fleet));
    for (const name of ALL) fleet.progress(name, undefined);
    fleet.judgeFor(30);
    fleet.queue('g3', { ready: 0, unacked: 0, consumers: 0 });
    fleet.judgeFor(70);
    assert.deepEqual(starved(fleet), ALL);
  });

  it('is nobody’s where workers never had a consumer each: they may fetch their messages', () => {
    const fleet = stageFleet();
    for (const name of ALL) fleet.container(name);
    fleet.queue('g3', { ready: 0, unacked: 0, consumers: 0 });
    assert.deepEqual(openedWhile(fleet, 'WorkerStarved', 1200), []);
  });

  it('is nobody’s where all are at a job, and none of the idle ones’ where one is stuck whose process may be stopped', () => {
    const fleet = idleFleet();
    for (const name of ALL) fleet.progress(name, job(fleet, { document: `next-of-${name}` }));
    fleet.queue('g3', { ready: 0, unacked: 2, consumers: 2 });
    assert.deepEqual(openedWhile(fleet, 'WorkerStarved', 200), []);
    for (const name of [OTHER, THIRD]) fleet.progress(name, undefined);
    fleet.queue('g3', { ready: 0, unacked: 0, consumers: 2 });
    fleet.judgeFor(200);
    assert.equal(fleet.statusOf(W), 'stuck');
    assert.deepEqual(openedWhile(fleet, 'WorkerStarved', 300), []);
  });

  it('is found again after an outage of the broker, without a new finding', () => {
    const fleet = idleFleet();
    fleet.queue('g3', { ready: 0, unacked: 0, consumers: 0 });
    fleet.judgeFor(70);
    fleet.setUp('rabbitmq', false);
    fleet.judgeFor(120);
    fleet.setUp('rabbitmq', true);
    assert.deepEqual(openedWhile(fleet, 'WorkerStarved', 120), []);
    assert.deepEqual(starved(fleet), ALL);
  });
});

describe('a consumer that is lost while the broker cannot be read all the time', () => {
  const slowly = { detection: { starved_after: '3m', stale_after: '10s' } };

  it('is reported after the time for which it was seen to be missing', () => {
    const fleet = idleFleet(slowly);
    fleet.queue('g3', { ready: 5, unacked: 0, consumers: 2 });
    fleet.judgeFor(90);
    fleet.setUp('rabbitmq', false);
    fleet.judgeFor(180);
    fleet.setUp('rabbitmq', true);
    fleet.judgeFor(60);
    assert.equal(found(fleet, 'WorkerStarved'), undefined, 'about 160 of 180 seconds were seen');
    fleet.judgeFor(40);
    assert.ok(found(fleet, 'WorkerStarved'));
  });

  it('is reported although counts are absent in two of five answers', () => {
    const fleet = idleFleet();
    for (let passed = 0; passed < 150; passed += 5) {
      const isTold = passed % 25 < 15;
      fleet.queue('g3', isTold ? { ready: 5, unacked: 0, consumers: 2 } : {});
      fleet.judgeFor(5);
    }
    assert.ok(found(fleet, 'WorkerStarved'));
  });

  it('is a worker’s that was seen without a job for long enough, while its progress could be read', () => {
    const fleet = idleFleet(slowly);
    fleet.setUp('progress', false);
    fleet.judgeFor(300);
    fleet.setUp('progress', true);
    fleet.queue('g3', { ready: 0, unacked: 0, consumers: 2 });
    const ports = { [W]: [], [OTHER]: [5672], [THIRD]: [5672] };
    judgeWith(fleet, ports, 60);
    assert.deepEqual(starved(fleet), [], 'about 100 of 180 seconds were seen');
    judgeWith(fleet, ports, 100);
    assert.deepEqual(starved(fleet), [W]);
  });
});

describe('a worker whose connection is half-open', () => {
  /** The broker counts all consumers and has sent one message to the dead one. */
  const HALF_OPEN: Partial<QueueReading> = { ready: 0, unacked: 1, consumers: 3 };

  it('is one whose connections the daemon asks for', () => {
    const fleet = idleFleet();
    const asked = () => listUnserved(fleet.evaluation.verdicts, fleet.store.fleet);
    assert.deepEqual(asked(), [], 'nothing speaks against them');
    fleet.queue('g3', HALF_OPEN);
    fleet.judgeFor(5);
    assert.deepEqual(asked().toSorted(), ALL.map((name) => `id-of-${name}`).toSorted());
  });

  it('is starved within a minute or so where its container has no connection, until it has one', () => {
    const fleet = idleFleet();
    fleet.queue('g3', HALF_OPEN);
    judgeWith(fleet, { [W]: [8070], [OTHER]: [5672, 8070], [THIRD]: [5671] }, 60);
    assert.deepEqual(starved(fleet), [W]);
    assert.match(reasonOf(fleet), /although the broker still counts its consumer of queue g3$/);
    judgeWith(fleet, { [W]: [8070], [OTHER]: [5672], [THIRD]: [5672] }, 1200);
    assert.deepEqual(starved(fleet), [W]);
    judgeWith(fleet, { [W]: [5672], [OTHER]: [5672], [THIRD]: [5672] }, 10);
    assert.deepEqual(starved(fleet), []);
  });

  for (const [what, port, told] of [
    ['it tells itself', 5673, { amqpPorts: [5673] }],
    ['stagewatch is configured with', 35_673, { amqpUrlPort: 35_673 }],
  ] as const) {
    it(`is known by the broker’s port that ${what}`, () => {
      const fleet = idleFleet();
      fleet.queue('g3', { ...HALF_OPEN });
      fleet.tellBroker(told);
      const connected = { [OTHER]: [port, 9000], [THIRD]: [port] };
      judgeWith(fleet, { ...connected, [W]: [9000] }, 90);
      assert.deepEqual(starved(fleet), [W]);
      judgeWith(fleet, { ...connected, [W]: [9000, port] }, 10);
      assert.deepEqual(starved(fleet), []);
    });
  }

  it('is not accused where the broker may have another port', () => {
    const fleet = idleFleet();
    fleet.queue('g3', { ready: 0, unacked: 0, consumers: 3 });
    judgeWith(fleet, { [W]: [35672], [OTHER]: [35672], [THIRD]: [35672, 80] }, 600);
    assert.deepEqual(starved(fleet), []);
  });

  it('is starved later where connections cannot be read and messages wait, with how sure that is', () => {
    const fleet = idleFleet();
    for (const name of [OTHER, THIRD]) fleet.progress(name, job(fleet, { document: `more-${name}` }));
    fleet.queue('g3', { ready: 4, unacked: 3, consumers: 3 });
    fleet.judgeFor(240);
    assert.deepEqual(starved(fleet), []);
    fleet.judgeFor(70);
    assert.ok(starved(fleet).includes(W));
    const evidence = found(fleet, 'WorkerStarved')?.evidence.join('\n') ?? '';
    assert.match(evidence, /probably half-open: .* the connection itself was not seen/);
  });

  it('is not accused while it uses CPU, never had a job, or one of several may hold the message', () => {
    const busy = idleFleet();
    busy.queue('g3', { ready: 4, unacked: 3, consumers: 3 });
    for (let seconds = 0; seconds < 600; seconds += 5) {
      for (const name of ALL) busy.cpu(name, 100 + seconds);
      busy.judgeFor(5);
    }
    assert.deepEqual(starved(busy), []);
    const standby = stageFleet();
    for (const name of ALL) {
      standby.container(name);
      standby.cpu(name, 100);
    }
    standby.queue('g3', { ready: 4, unacked: 0, consumers: 3 });
    standby.judgeFor(1200);
    assert.deepEqual(starved(standby), []);
    const one = idleFleet();
    one.queue('g3', HALF_OPEN);
    one.judgeFor(1200);
    assert.deepEqual(starved(one), []);
  });
});
