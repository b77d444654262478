import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ChannelReading } from '../../src/fleet/client-model.js';
import { createBrokerFleet } from '../support/broker-fleet.js';

const worker = { prefetch: 1, queue: 'q.ocr' };

describe('a worker that takes one message at a time', () => {
  it('has a job from the reading that shows it to the one that shows its ack', () => {
    const { read, holdOf, fleet } = createBrokerFleet();
    read(0, worker, { unacked: 0, acked: 40 });
    read(5, worker, { unacked: 0, acked: 40 });
    assert.equal(holdOf()?.sinceMs, undefined);
    read(10, worker, { unacked: 1, acked: 40 });
    read(15, worker, { unacked: 1, acked: 40 });
    assert.equal(holdOf()?.sinceMs, 10_000);
    assert.deepEqual(holdOf()?.unacked, [{ queue: 'q.ocr', count: 1 }]);
    read(70, worker, { unacked: 0, acked: 41 });
    assert.equal(holdOf()?.sinceMs, undefined);
    const [ended] = fleet.endedJobs.since(0);
    assert.equal(ended?.entry.durationMs, 60_000);
    assert.equal(ended?.entry.outcome, 'succeeded');
    const work = fleet.stageWork.get('q.ocr');
    assert.equal(work?.jobsCompleted, 1);
    assert.equal(work?.jobDurations.sum, 60);
    assert.equal(holdOf()?.acks, 1);
  });

  it('has another job when it acked, though it holds one at each reading', () => {
    const { read, holdOf, fleet } = createBrokerFleet();
    for (const second of [0, 5]) read(second, worker, { unacked: 1, acked: 0 });
    assert.equal(holdOf()?.sinceMs, 0);
    read(10, worker, { unacked: 1, acked: 3 });
    assert.equal(holdOf()?.sinceMs, 10_000);
    assert.equal(fleet.stageWork.get('q.ocr')?.jobsCompleted, 3);
    // Of the first the begin was not seen, of the others nothing.
    assert.equal(fleet.stageWork.get('q.ocr')?.jobDurations.sum, 0);
  });

  it('that lets a message go without an ack has done no job', () => {
    const { read, fleet } = createBrokerFleet();
    for (const second of [0, 5]) read(second, worker, { unacked: 0 });
    read(10, worker, { unacked: 1 });
    read(20, worker, { unacked: 0 });
    const work = fleet.stageWork.get('q.ocr');
    assert.equal(work?.jobsCompleted, 0);
    assert.equal(work?.jobsEndedUnknown, 1);
    assert.equal(fleet.endedJobs.since(0)[0]?.entry.end, 'let_go');
  });

  it('is counted by its own progress once it reports any', () => {
    const { read, report, fleet } = createBrokerFleet();
    for (const second of [0, 5]) read(second, worker, { unacked: 0, acked: 0 });
    report(7, { document: 'PMC1', stage: 'q.ocr' });
    read(10, worker, { unacked: 1, acked: 0 });
    read(15, worker, { unacked: 0, acked: 1 });
    assert.equal(fleet.workers.get('shop/ocr/1')?.hold, undefined);
    assert.equal(fleet.stageWork.get('q.ocr')?.jobsCompleted, 0);
    assert.equal(fleet.holds.get('shop/ocr/1')?.acks, 1);
  });
});

describe('what a container holds', () => {
  it('counts acks on through channels that close, and through figures that are missing or fall', () => {
    const { read, holdOf } = createBrokerFleet();
    read(0, worker, { acked: 7 });
    read(5, worker, { acked: 9 });
    read(10, worker, {});
    read(15, worker, { acked: 3 });
    read(20, worker, { acked: 10 });
    assert.equal(holdOf()?.acks, 3);
    read(25, worker, { acked: 4, channel: 'b' });
    assert.equal(holdOf()?.acks, 7);
  });

  it('is nothing of a container that consumes events, or needs no acks', () => {
    const { read, holdOf } = createBrokerFleet();
    for (const second of [0, 5]) read(second, { prefetch: 1, queue: 'celeryev.1' }, { unacked: 1 });
    assert.equal(holdOf(), undefined);
    for (const second of [10, 15]) read(second, { ...worker, isAckRequired: false }, { unacked: 0 });
    assert.equal(holdOf(), undefined);
  });

  it('is several with a prefetch of more, and reserved where the library acks before the work', () => {
    const { read, holdOf } = createBrokerFleet();
    const readingOf = (
      second: number,
      client: Parameters<typeof read>[1],
      more: Partial<ChannelReading> = {},
    ) => {
      read(second, client, { unacked: 2, ...more });
      return holdOf()?.reading;
    };
    assert.equal(readingOf(0, { prefetch: 4, queue: 'q.ocr' }), 'several');
    assert.equal(readingOf(5, { prefetch: 0, queue: 'q.ocr' }, { globalPrefetch: 1 }), 'job');
    const two = [1, 2].map((index) => ({ queue: `q.${index}`, isAckRequired: true, prefetch: 1 }));
    assert.equal(readingOf(7, worker, { consumes: two }), 'several');
    assert.equal(readingOf(10, worker, { product: 'py-amqp' }), 'reserved');
  });

  it('stays, without a consumer, while the container runs', () => {
    const { read, readNone, holdOf, remove } = createBrokerFleet();
    for (const second of [0, 5]) read(second, worker, { unacked: 1 });
    readNone(10);
    assert.equal(holdOf()?.isConnected, false);
    assert.equal(holdOf()?.total, 0);
    remove();
    readNone(15);
    assert.equal(holdOf(), undefined);
  });
});
