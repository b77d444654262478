import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { configSchema } from '../../src/config/schema.js';
import { createEvaluation } from '../../src/detectors/evaluation.js';
import type { ChannelReading } from '../../src/fleet/client-model.js';
import { listStages } from '../../src/fleet/list-stages.js';
import { BROKER_FLEET_WORKER, createBrokerFleet } from '../support/broker-fleet.js';

const ONE = { prefetch: 1, queue: 'q.ocr' };

interface StandOptions {
  readonly isProgressWatched?: boolean;
  readonly settings?: object;
}

/** What the kernel says of the worker between two readings. */
interface Motion {
  readonly cpuSeconds?: number;
  readonly inBytes?: number;
  readonly halt?: 'stopped' | 'disk';
  /** The engine does not tell what it takes in and gives out. */
  readonly isIoUnknown?: true;
}

/** A worker that reports no progress, beside an engine and a broker that are read every 5 seconds. */
function stand({ isProgressWatched = false, settings = {} }: StandOptions = {}) {
  const broker = createBrokerFleet();
  const { apply, fleet } = broker;
  for (const source of ['docker', 'rabbitmq'] as const)
    apply({ kind: 'source-watched', source, target: source });
  if (isProgressWatched) apply({ kind: 'source-watched', source: 'progress', target: '/p' });
  const config = configSchema.parse(settings);
  apply({ kind: 'stages-configured', stages: listStages(config) });
  const evaluation = createEvaluation({ fleet, settings: config });
  let second = 0;
  let moved: Motion | undefined;
  const sums = { usedSeconds: 0, inBytes: 0, outBytes: 0 };

  function readKernel(atMs: number): void {
    if (!moved) return;
    const id = 'id-of-ocr';
    sums.usedSeconds += moved.cpuSeconds ?? 0;
    sums.inBytes += moved.inBytes ?? 0;
    apply({ kind: 'cpu-read', atMs, readings: [{ id, usedSeconds: sums.usedSeconds }] });
    if (!moved.isIoUnknown) {
      apply({ kind: 'io-read', atMs, readings: [{ id, inBytes: sums.inBytes, outBytes: sums.outBytes }] });
    }
    const halt = moved.halt && { halt: moved.halt };
    apply({ kind: 'processes-read', atMs, readings: [{ id, lines: ['process 7 (python)'], ...halt }] });
  }

  function pass(seconds: number, told: Partial<ChannelReading> | undefined, client = ONE) {
    for (const until = second + seconds; second < until; ) {
      second += 5;
      const atMs = second * 1000;
      apply({ kind: 'source-read', source: 'docker', atMs, durationMs: 1 });
      if (isProgressWatched) apply({ kind: 'source-read', source: 'progress', atMs, durationMs: 1 });
      readKernel(atMs);
      if (told) broker.read(second, client, told);
      evaluation.evaluate(atMs);
    }
    const { status, reason, job } = evaluation.verdicts.workers.get(BROKER_FLEET_WORKER) ?? {};
    return { status, reason, job };
  }
  const setMotion = (motion: Motion): void => {
    moved = motion;
  };
  const stuckFinding = () => evaluation.verdicts.findings.get(`WorkerStuck:${BROKER_FLEET_WORKER}`);
  return {
    pass,
    setMotion,
    stuckFinding,
    open: () => [...evaluation.verdicts.findings.keys()],
    broker,
    fleet,
  };
}

describe('a worker without progress', () => {
  for (const isWatched of [false, true]) {
    it(`is idle or active by what it holds, ${isWatched ? 'beside' : 'without'} a folder of progress files`, () => {
      const { pass } = stand({ isProgressWatched: isWatched });
      assert.deepEqual(pass(30, { unacked: 0 }), {
        status: 'idle',
        reason: 'holds no message',
        job: undefined,
      });
      const active = pass(60, { unacked: 1 });
      assert.equal(active.status, 'active');
      assert.equal(active.reason, 'holds 1 message of q.ocr, none acked');
      assert.equal(active.job?.startedAtMs, 35_000);
      assert.equal(pass(5, { unacked: 0, acked: 1 }).status, 'idle');
    });
  }

  it('is never stuck by that alone, however long it holds a message', () => {
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

describe('a worker without progress that hangs with a message in hand', () => {
  const BUSY = { cpuSeconds: 4, inBytes: 1_000_000 };
  const hung = (options: StandOptions = {}, motion: Motion = {}) => {
    const made = stand(options);
    made.setMotion(BUSY);
    made.pass(60, { unacked: 0 });
    made.setMotion(motion);
    return made;
  };

  it('is stuck after twice the default limit in which nothing of it moved', () => {
    const { pass, stuckFinding } = hung();
    assert.equal(pass(595, { unacked: 1 }).status, 'active');
    assert.equal(pass(20, { unacked: 1 }).status, 'stuck');
    const found = stuckFinding();
    assert.match(found?.summary ?? '', /^10m\d+s with a message in hand, and nothing moves$/);
    assert.match(
      found?.evidence[0] ?? '',
      /^holds 1 message of q\.ocr, none acked for 10m\d+s; limit 10m00s \(twice the/,
    );
    assert.ok(found?.evidence.some((line) => /used 0\.0 CPU-s|next to no CPU/.test(line)));
    assert.ok(found?.evidence.some((line) => /received and sent nothing/.test(line)));
    assert.ok(found?.evidence.some((line) => /rests on what the broker and the kernel say/.test(line)));
    assert.equal(pass(5, { unacked: 0, acked: 1 }).status, 'idle');
    assert.equal(stuckFinding(), undefined);
  });

  it('is stuck after the limit that is set, or learned from the durations of its jobs', () => {
    const stages = [{ id: 'G3', queue: 'q.ocr', stall_after: '2m' }];
    const { pass } = hung({ settings: { stages } });
    assert.equal(pass(115, { unacked: 1 }).status, 'active');
    assert.equal(pass(20, { unacked: 1 }).status, 'stuck');
    const learned = stand();
    learned.setMotion(BUSY);
    learned.pass(10, { unacked: 0 });
    for (let job = 1; job <= 25; job++) {
      learned.pass(400, { unacked: 1, acked: job - 1 });
      learned.pass(5, { unacked: 0, acked: job });
    }
    learned.setMotion({});
    assert.notEqual(learned.pass(780, { unacked: 1, acked: 25 }).status, 'stuck');
    assert.equal(learned.pass(200, { unacked: 1, acked: 25 }).status, 'stuck');
  });

  for (const [what, motion] of [
    ['uses the CPU', { cpuSeconds: 1 }],
    ['receives data', { inBytes: 100_000 }],
  ] as const) {
    it(`is not stuck while it ${what}`, () => {
      const { pass } = hung({}, motion);
      assert.equal(pass(3600, { unacked: 1 }).status, 'active');
    });
  }

  it('is not stuck where nobody tells what it takes in and gives out', () => {
    const { pass, setMotion } = stand();
    setMotion({ isIoUnknown: true });
    pass(60, { unacked: 0 });
    assert.equal(pass(3600, { unacked: 1 }).status, 'active');
  });

  it('is not stuck for as long as it last moved within the limit', () => {
    const { pass, setMotion } = hung();
    pass(590, { unacked: 1 });
    setMotion({ cpuSeconds: 1 });
    pass(10, { unacked: 1 });
    setMotion({});
    assert.equal(pass(570, { unacked: 1 }).status, 'active');
    assert.equal(pass(60, { unacked: 1 }).status, 'stuck');
  });

  it('is said at once to be stopped by a signal', () => {
    const { pass, stuckFinding } = hung({}, { halt: 'stopped' });
    assert.equal(pass(45, { unacked: 1 }).status, 'active');
    const { status, reason } = pass(20, { unacked: 1 });
    assert.equal(status, 'stuck');
    assert.match(reason ?? '', /for 1m\d+s; its process is stopped by a signal$/);
    assert.ok(stuckFinding()?.evidence.includes('process 7 (python)'));
  });

  it('is never stuck with several messages in hand: it may wait for more', () => {
    const { pass } = hung();
    assert.equal(pass(7200, { unacked: 3 }, { prefetch: 10, queue: 'q.ocr' }).status, 'active');
  });

  it('whose connection is lost meanwhile is stuck, not idle, and no more once its container has started again', () => {
    const { pass, broker } = hung();
    pass(100, { unacked: 1 });
    broker.readNone(161);
    const lost = pass(5, undefined);
    assert.equal(lost.status, 'active');
    assert.match(
      lost.reason ?? '',
      /^has been at a message that the broker took back with its lost connection/,
    );
    for (let second = 165; second < 800; second += 5) {
      pass(5, undefined);
      broker.readNone(second);
    }
    assert.equal(pass(5, undefined).status, 'stuck');
    assert.equal(pass(5, { unacked: 0, channel: 'b' } as Partial<ChannelReading>).status, 'idle');
  });
});
