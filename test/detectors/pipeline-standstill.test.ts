import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { JudgedFleet } from '../support/judged-fleet.js';
import { fail, found, job, openedWhile, stageFleet, succeed, W } from '../support/pipeline-events.js';

const O = ['orchestrator-1', 'orchestrator-2'] as const;
const MIB = 1024 ** 2;

function wait(fleet: JudgedFleet, name: string, document: string, more: object = {}): void {
  const what = { role: 'orchestrator', state: 'waiting', stage: 'G3', document, ...more };
  fleet.progress(name, { ...what, updated_at: fleet.nowMs / 1000 });
}

/** Two orchestrators wait, and a worker has the jobs of both, one after the other. */
function running(): JudgedFleet {
  const fleet = stageFleet();
  for (const name of [...O, W]) fleet.container(name);
  fleet.queue('g3', { ready: 0, unacked: 0, consumers: 1, published: 10, acked: 10 });
  fleet.judgeFor(10);
  for (const [index, name] of O.entries()) wait(fleet, name, `PMC${index}`);
  fleet.queue('g3', { ready: 1, unacked: 1, consumers: 1, published: 12, acked: 10 });
  fleet.progress(W, job(fleet, { document: 'PMC0' }));
  fleet.judgeFor(10);
  return fleet;
}

/** Messages are rejected without requeue, and nothing is written. */
function rejectAll(fleet: JudgedFleet): void {
  fleet.progress(W, job(fleet, { document: 'PMC1' }));
  fleet.judgeFor(5);
  fleet.progress(W, undefined);
  fleet.queue('g3', { ready: 0, unacked: 0, consumers: 1, published: 12, acked: 10 });
}

function stood(): JudgedFleet {
  const fleet = running();
  rejectAll(fleet);
  return fleet;
}

describe('a pipeline of which every orchestrator waits for what ended without a sentinel', () => {
  it('stands still, and this is reported within a minute with what ended', () => {
    const fleet = stood();
    fleet.judgeFor(25);
    assert.equal(found(fleet, 'PipelineStandstill'), undefined);
    fleet.judgeFor(20);
    const standstill = found(fleet, 'PipelineStandstill');
    assert.equal(standstill?.severity, 'critical');
    assert.match(
      standstill.summary,
      /^nothing has moved for \d+s: 2 orchestrators wait, no worker is at work, and no message waits$/,
    );
    const evidence = standstill.evidence.join('\n');
    assert.match(evidence, /^PMC0 ended at G3 on paddle-worker-gpu1-0 \d+s ago, without a sentinel$/m);
    assert.match(evidence, /^PMC1 ended at G3 .* without a sentinel$/m);
    assert.match(evidence, /^waiting: orchestrator-1 for G3 \(PMC0\) for \S+, orchestrator-2/m);
    assert.doesNotMatch(evidence, /disk/);
  });

  it('names the disk of the sentinels where that is full', () => {
    for (const [freeBytes, freeFiles, words] of [
      [0, 100, /^the disk of the sentinels is full: 0\.0 MiB of 64 MiB free$/],
      [32 * MIB, 0, /^the disk of the sentinels has no room for another file/],
    ] as const) {
      const fleet = stood();
      const disk = { freeBytes, totalBytes: 64 * MIB, freeFiles, atMs: fleet.nowMs };
      fleet.store.apply({ kind: 'sentinel-disk-read', disk });
      fleet.judgeFor(45);
      assert.match(found(fleet, 'PipelineStandstill')?.evidence[0] ?? 'nothing', words);
    }
  });

  it('stands still though no job was seen, where their messages were seen to go', () => {
    const fleet = stageFleet();
    for (const name of [...O, W]) fleet.container(name);
    fleet.queue('g3', { ready: 0, unacked: 0, consumers: 1, published: 10, acked: 10 });
    fleet.judgeFor(10);
    for (const [index, name] of O.entries()) wait(fleet, name, `PMC${index}`);
    fleet.queue('g3', { ready: 0, unacked: 0, consumers: 1, published: 12, acked: 10 });
    fleet.judgeFor(50);
    assert.match(
      found(fleet, 'PipelineStandstill')?.evidence.join('\n') ?? 'nothing',
      /^the message of PMC0 was taken from the queue of G3, and no sentinel came$/m,
    );
  });

  it('goes on when a message waits again', () => {
    const fleet = stood();
    fleet.judgeFor(45);
    assert.ok(found(fleet, 'PipelineStandstill'));
    fleet.queue('g3', { ready: 1, unacked: 0, consumers: 1, published: 13, acked: 10 });
    fleet.judgeFor(20);
    assert.equal(found(fleet, 'PipelineStandstill'), undefined);
  });

  it('is the cause of its orchestrators’ being stuck', () => {
    const fleet = stood();
    fleet.judgeFor(960);
    assert.equal(found(fleet, 'OrchestratorStuck')?.consequenceOf, 'PipelineStandstill:pipeline');
  });
});

const MOVING: Readonly<Record<string, (fleet: JudgedFleet) => void>> = {
  'begins: they wait, and no message has come yet'(fleet) {
    fleet.queue('g3', { ready: 0, unacked: 0, consumers: 1, published: 10, acked: 10 });
    for (const [index, name] of O.entries()) wait(fleet, name, `PMC${index}`);
  },
  'ends: they are done'(fleet) {
    const what = { role: 'orchestrator', state: 'done', stage: 'G3', document: 'PMC0' };
    for (const name of O) fleet.progress(name, what);
  },
  'ends: their sentinels came, and they have not noticed yet'(fleet) {
    for (const document of ['PMC0', 'PMC1']) succeed(fleet, document);
    rejectAll(fleet);
  },
  'fails with sentinels that they have not noticed yet'(fleet) {
    for (const document of ['PMC0', 'PMC1']) fail(fleet, document);
    rejectAll(fleet);
  },
  'waits for a timer since its jobs ended'(fleet) {
    rejectAll(fleet);
    fleet.judgeFor(15);
    for (const [index, name] of O.entries()) wait(fleet, name, `PMC${index + 7}`);
  },
  'has one that works'(fleet) {
    rejectAll(fleet);
    wait(fleet, O[0], 'PMC0', { state: 'running' });
  },
  'has one that waits for no stage'(fleet) {
    rejectAll(fleet);
    wait(fleet, O[0], 'PMC9', { stage: undefined });
  },
  'has a worker with a job'(fleet) {
    fleet.progress(W, job(fleet, { document: 'PMC0' }));
    fleet.queue('g3', { ready: 0, unacked: 0, consumers: 1, published: 12, acked: 10 });
  },
  'has a message that waits for another try'(fleet) {
    rejectAll(fleet);
    fleet.queue('g3.retry', { ready: 1, consumers: 0 });
  },
  'may have one in a worker’s hands that has not reported its job, as far as the broker says'(fleet) {
    for (const [index, name] of O.entries()) wait(fleet, name, `NEW${index}`);
    rejectAll(fleet);
    fleet.queue('g3', { ready: 0, consumers: 1, published: 14, acked: 12 });
  },
  'has a message in a worker’s hands'(fleet) {
    rejectAll(fleet);
    fleet.queue('g3', { ready: 0, unacked: 1, consumers: 1, published: 12, acked: 10 });
  },
  'has a queue that nobody knows'(fleet) {
    rejectAll(fleet);
    fleet.queue('g3', { status: 'missing' });
  },
};

describe('a pipeline does not stand still that', () => {
  for (const [what, happen] of Object.entries(MOVING)) {
    it(what, () => {
      const fleet = running();
      happen(fleet);
      assert.deepEqual(openedWhile(fleet, 'PipelineStandstill', 200), []);
    });
  }

  it('has a worker that uses CPU', () => {
    const fleet = stood();
    for (let seconds = 0; seconds < 200; seconds += 5) {
      fleet.cpu(W, 100 + seconds);
      fleet.judgeFor(5);
      assert.equal(found(fleet, 'PipelineStandstill'), undefined);
    }
  });

  for (const source of ['rabbitmq', 'progress', 'docker', 'sentinels'] as const) {
    it(`has a source that fails (${source})`, () => {
      const fleet = stood();
      fleet.setUp(source, false);
      assert.deepEqual(openedWhile(fleet, 'PipelineStandstill', 200), []);
    });
  }

  it('has a broker that blocks whoever publishes', () => {
    const fleet = stood();
    const reading = { via: 'management', atMs: fleet.nowMs, isComplete: false, queues: [] } as const;
    fleet.store.apply({
      kind: 'broker-read',
      atMs: fleet.nowMs,
      vhost: '/',
      readings: [{ ...reading, alarms: { memory: false, disk: true }, alarmsAtMs: fleet.nowMs }],
      ways: [],
      consumerTimeoutMs: 7_200_000,
      leftOutCount: 0,
    });
    fleet.judge();
    assert.ok(found(fleet, 'CommonCause'));
    assert.deepEqual(openedWhile(fleet, 'PipelineStandstill', 60), []);
  });
});
