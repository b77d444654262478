import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { configSchema } from '../../src/config/schema.js';
import { createEvaluation } from '../../src/detectors/evaluation.js';
import type { ChannelReading } from '../../src/fleet/client-model.js';
import { BROKER_FLEET_WORKER, createBrokerFleet } from '../support/broker-fleet.js';

const ONE = { prefetch: 1, queue: 'q.ocr' };

/** A worker that reports no progress, beside an engine and a broker that are read every 5 seconds. */
function stand(isProgressWatched = false) {
  const broker = createBrokerFleet();
  const { apply, fleet } = broker;
  for (const source of ['docker', 'rabbitmq'] as const)
    apply({ kind: 'source-watched', source, target: source });
  if (isProgressWatched) apply({ kind: 'source-watched', source: 'progress', target: '/p' });
  const evaluation = createEvaluation({ fleet, settings: configSchema.parse({}) });
  let second = 0;
  function pass(seconds: number, told: Partial<ChannelReading> | undefined, client = ONE) {
    for (const until = second + seconds; second < until; ) {
      second += 5;
      const atMs = second * 1000;
      apply({ kind: 'source-read', source: 'docker', atMs, durationMs: 1 });
      if (isProgressWatched) apply({ kind: 'source-read', source: 'progress', atMs, durationMs: 1 });
      if (told) broker.read(second, client, told);
      evaluation.evaluate(atMs);
    }
    const { status, reason, job } = evaluation.verdicts.workers.get(BROKER_FLEET_WORKER) ?? {};
    return { status, reason, job };
  }
  return { pass, open: () => [...evaluation.verdicts.findings.keys()], broker, fleet };
}

describe('a worker without progress', () => {
  for (const isWatched of [false, true]) {
    it(`is idle or active by what it holds, ${isWatched ? 'beside' : 'without'} a folder of progress files`, () => {
      const { pass } = stand(isWatched);
      assert.deepEqual(pass(30, { unacked: 0 }), {
        status: 'idle',
        reason: 'holds no message',
        job: undefined,
      });
      const active = pass(60, { unacked: 1 });
      assert.equal(active.status, 'active');
      assert.equal(active.reason, 'holds 1 message of q.ocr, none acked for 55s');
      assert.equal(active.job?.startedAtMs, 35_000);
      assert.equal(pass(5, { unacked: 0, acked: 1 }).status, 'idle');
    });
  }

  it('is never stuck by that, however long it holds a message', () => {
    const { pass, open } = stand();
    pass(30, { unacked: 0 });
    assert.equal(pass(6 * 3600, { unacked: 1 }).status, 'active');
    assert.deepEqual(open(), [`JobNearAckLimit:${BROKER_FLEET_WORKER}`]);
  });

  it('is slow when its message takes more than twice what 99 in 100 take', () => {
    const { pass } = stand();
    pass(10, { unacked: 0 });
    for (let job = 1; job <= 25; job++) {
      pass(60, { unacked: 1, acked: job - 1 });
      pass(5, { unacked: 0, acked: job });
    }
    assert.equal(pass(240, { unacked: 1, acked: 25 }).status, 'active');
    const slow = pass(120, { unacked: 1, acked: 25 });
    assert.equal(slow.status, 'slow');
    assert.match(slow.reason ?? '', /^holds 1 message of q\.ocr, none acked for 5m5\ds, longer than 5m00s/);
  });

  it('is unknown while its broker is not read', () => {
    const { pass, broker } = stand();
    pass(30, { unacked: 1 });
    const failed = {
      kind: 'source-failed',
      source: 'rabbitmq',
      reason: 'unreachable',
      problem: 'gone',
    } as const;
    broker.apply({ ...failed, atMs: 30_000 });
    const { status, reason } = pass(120, undefined);
    assert.equal(status, 'unknown');
    assert.match(reason ?? '', /^rabbitmq is stale/);
  });

  it('whose library acks early is at work while it takes messages, and else unknown', () => {
    const { pass } = stand();
    const product = 'py-amqp';
    pass(10, { unacked: 4, acked: 0, product });
    assert.equal(pass(30, { unacked: 4, acked: 1, product }).status, 'active');
    const quiet = pass(60, { unacked: 4, acked: 1, product });
    assert.equal(quiet.status, 'unknown');
    assert.match(quiet.reason ?? '', /^4 messages reserved; its library acks a message before the work/);
  });

  it('that has lost its consumer is idle, and says so', () => {
    const { pass, broker } = stand();
    pass(700, { unacked: 0 });
    broker.readNone(701);
    broker.readNone(706);
    const { reason } = pass(5, undefined);
    assert.equal(reason, 'holds no message, and has no consumer at the broker');
  });
});
