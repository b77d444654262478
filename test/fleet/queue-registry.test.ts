import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { BrokerWay } from '../../src/fleet/queue-model.js';
import type { QueueReading, WayReading } from '../../src/fleet/queue-observations.js';
import { createQueueRegistry } from '../../src/fleet/queue-registry.js';

const AGES: Readonly<Record<BrokerWay, number>> = { amqp: 0, metrics: 5000, management: 10_000 };
const START_MS = 1_763_900_000_000;

type Facts = Omit<QueueReading, 'name' | 'status'> & Partial<Pick<QueueReading, 'status'>>;

/** A registry with one queue `q`, read every 5 seconds. */
function createBench() {
  const registry = createQueueRegistry();
  let nowMs = START_MS;
  let target = 'http://one';
  function read(told: Partial<Record<BrokerWay, Facts | 'nothing'>>, passMs = 5000) {
    nowMs += passMs;
    const readings = (Object.entries(told) as [BrokerWay, Facts | 'nothing'][]).map(
      ([via, facts]): WayReading => ({
        via,
        atMs: nowMs - AGES[via],
        isComplete: via !== 'amqp',
        queues: facts === 'nothing' ? [] : [{ name: 'q', status: 'present', ...facts }],
      }),
    );
    registry.applyRead({
      kind: 'broker-read',
      atMs: nowMs,
      vhost: '/',
      readings,
      ways: [{ via: 'metrics', target, isUp: true }],
      consumerTimeoutMs: 7_200_000,
      leftOutCount: 0,
    });
    return registry.queues.get('//q');
  }
  /** Often enough that a count below the last is no blink. */
  function readThrice(told: Partial<Record<BrokerWay, Facts | 'nothing'>>) {
    read(told);
    read(told);
    return read(told);
  }
  return { registry, read, readThrice, nowMs: () => nowMs, moveTo: (next: string) => (target = next) };
}

describe('the best available of each fact', () => {
  it('comes from AMQP before the metrics page before the management API, with its origin and time', () => {
    const { read, nowMs } = createBench();
    const queue = read({
      management: { ready: 1, unacked: 1, consumers: 1, type: 'quorum' },
      metrics: { ready: 2, unacked: 2, consumers: 2 },
      amqp: { ready: 3, consumers: 3 },
    });
    assert.deepEqual(queue?.ready, { value: 3, via: 'amqp', atMs: nowMs() });
    assert.deepEqual(queue?.unacked, { value: 2, via: 'metrics', atMs: nowMs() - 5000 });
    assert.equal(queue?.type, 'quorum');
    assert.equal(queue?.dataAtMs, nowMs() - 5000);
  });

  it('falls to the next way as soon as a better one stops, and old words count for a minute only', () => {
    const { read } = createBench();
    read({ amqp: { ready: 3 }, management: { unacked: 9 } });
    assert.equal(read({ metrics: { ready: 2 } })?.ready?.via, 'metrics');
    assert.equal(read({ metrics: { ready: 2 } })?.unacked?.value, 9);
    assert.equal(read({ metrics: { ready: 2 } }, 60_000)?.unacked, undefined);
  });

  it('stays as it was while no way answers', () => {
    const { read, registry } = createBench();
    const before = read({ metrics: { ready: 2 } });
    assert.equal(read({}), before);
    assert.equal(registry.queues.size, 1);
  });
});

describe('a queue that is not there', () => {
  it('is missing when a stage has it, and keeps its counts but no depth', () => {
    const { registry, read } = createBench();
    registry.relabel([{ id: 'S', queue: 'q' }]);
    read({ metrics: { ready: 2, published: 5 } });
    const queue = read({ amqp: { status: 'missing' }, metrics: { ready: 2, published: 5 } });
    assert.equal(queue?.status, 'missing');
    assert.equal(queue?.stage, 'S');
    assert.equal(queue?.ready, undefined);
    assert.equal(queue?.published?.value, 5);
  });

  it('is gone at once when no stage has it', () => {
    const { read } = createBench();
    read({ metrics: { ready: 2 } });
    assert.equal(read({ metrics: 'nothing' }), undefined);
    read({ metrics: { ready: 2 } });
    assert.equal(read({ amqp: { status: 'missing' } }), undefined);
  });

  it('is labelled anew when the stages change', () => {
    const { registry, read } = createBench();
    read({ metrics: { ready: 2 } });
    registry.relabel([{ id: 'S', queue: 'q' }]);
    assert.equal(registry.queues.get('//q')?.stage, 'S');
    registry.relabel([]);
    assert.equal(registry.queues.get('//q')?.stage, undefined);
  });
});

describe('a count', () => {
  it('starts at what the broker counted, rises as it does, and goes on when the broker counts from nothing', () => {
    const { read, nowMs } = createBench();
    const first = read({ metrics: { acked: 100 } });
    assert.equal(first?.acked?.value, 100);
    assert.equal(first?.ackedRoseAtMs, undefined);
    assert.equal(read({ metrics: { acked: 103 } })?.acked?.value, 103);
    const rose = nowMs() - 5000;
    assert.equal(read({ metrics: { acked: 103 } })?.ackedRoseAtMs, rose);
    const counted = [2, 2, 4, 5].map((acked) => read({ metrics: { acked } })?.acked?.value);
    assert.deepEqual(counted, [103, 103, 107, 108], 'once it is sure that it does');
  });

  const blinks: readonly (readonly [string, readonly (number | undefined)[]])[] = [
    ['an answer leaves it out', [1000, 1000, 1010, undefined, undefined, 1020, undefined, undefined, 1030]],
    ['one answer is below the last', [1000, 1000, 1010, 0, 1015, 400, 1030]],
    ['another node answers now and then', [1000, 400, 1000, 400, 410, 1010, 410, 1030]],
  ];
  for (const [title, said] of blinks) {
    for (const via of ['metrics', 'management'] as const) {
      it(`rises as the broker counts although ${title}, by ${via}`, () => {
        const { read } = createBench();
        const values = said.map((acked) => {
          const facts = acked === undefined ? { ready: 1 } : { ready: 1, acked };
          return read({ [via]: facts })?.acked?.value ?? 0;
        });
        assert.equal(values.at(-1), 1030);
        assert.ok(values.every((value, index) => value >= (values[index - 1] ?? 0)));
      });
    }
  }

  it('neither jumps nor falls when another way takes over', () => {
    const { read } = createBench();
    read({ metrics: { acked: 10 }, management: { acked: 500 } });
    read({ metrics: { acked: 12 }, management: { acked: 502 } });
    assert.equal(read({ management: { acked: 505 } })?.acked?.value, 15);
    assert.equal(read({ metrics: { acked: 14 }, management: { acked: 505 } })?.acked?.value, 15);
    assert.equal(read({ metrics: { acked: 16 }, management: { acked: 508 } })?.acked?.value, 16);
  });

  it('is not raised by the first words of a way that was silent', () => {
    const { read } = createBench();
    read({ metrics: { acked: 10 } });
    assert.equal(read({ management: { acked: 500 } })?.acked?.value, 10);
    assert.equal(read({ management: { acked: 501 } })?.acked?.value, 11);
  });

  it('goes on when its queue was not listed for a while', () => {
    const { read, readThrice } = createBench();
    read({ metrics: { acked: 10 } });
    read({ metrics: 'nothing' });
    assert.equal(readThrice({ metrics: { acked: 1 } })?.acked?.value, 11);
  });
});

describe('a count over a change of ways', () => {
  it('counts nothing twice when the best way is back after the other was asked', () => {
    const { read } = createBench();
    read({ metrics: { acked: 100 }, management: { acked: 100 } });
    read({ metrics: { acked: 200 } });
    assert.equal(read({ management: { acked: 220 } })?.acked?.value, 220);
    assert.equal(read({ metrics: { acked: 240 } })?.acked?.value, 240);
  });

  it('lets a way that tells of an earlier time catch up first', () => {
    const { read } = createBench();
    read({ metrics: { acked: 100 }, management: { acked: 60 } });
    read({ metrics: { acked: 200 }, management: { acked: 160 } });
    assert.equal(read({ management: { acked: 180 } })?.acked?.value, 200);
    assert.equal(read({ management: { acked: 200 } })?.acked?.value, 200);
    assert.equal(read({ management: { acked: 210 } })?.acked?.value, 210);
    assert.equal(read({ metrics: { acked: 210 } })?.acked?.value, 210);
  });

  it('does not stand still for long when a way lacks what others have counted', () => {
    const { read } = createBench();
    read({ metrics: { acked: 100 }, management: { acked: 100 } });
    read({ management: { acked: 5000 } });
    assert.equal(read({ metrics: { acked: 110 } })?.acked?.value, 5000);
    read({ metrics: { acked: 120 } });
    assert.equal(read({ metrics: { acked: 130 } })?.acked?.value, 5010);
  });

  it('counts nothing twice when the broker restarts in between', () => {
    const { read, readThrice } = createBench();
    read({ metrics: { acked: 100 }, management: { acked: 100 } });
    assert.equal(readThrice({ metrics: { acked: 3 } })?.acked?.value, 103);
    assert.equal(read({ management: { acked: 5 } })?.acked?.value, 103);
    assert.equal(readThrice({ management: { acked: 6 } })?.acked?.value, 104);
    assert.equal(read({ metrics: { acked: 6 } })?.acked?.value, 106);
  });
});

describe('a count over a reload', () => {
  it('goes on where it was, with what came in between', () => {
    const { registry, read, readThrice } = createBench();
    read({ metrics: { acked: 100 } });
    readThrice({ metrics: { acked: 20 } });
    registry.clear();
    assert.equal(registry.queues.size, 0);
    assert.equal(read({ metrics: { acked: 23 } })?.acked?.value, 123);
  });

  it('leaves out what another broker had counted before', () => {
    const { registry, read, moveTo } = createBench();
    read({ metrics: { acked: 100 } });
    registry.clear();
    moveTo('http://two');
    assert.equal(read({ metrics: { acked: 9000 } })?.acked?.value, 100);
    assert.equal(read({ metrics: { acked: 9001 } })?.acked?.value, 101);
  });

  it('takes a lower start for no news: what was added up by channel begins anew', () => {
    const { registry, read, readThrice } = createBench();
    read({ metrics: { acked: 100 } });
    registry.clear();
    assert.equal(readThrice({ metrics: { acked: 40 } })?.acked?.value, 100);
    assert.equal(read({ metrics: { acked: 41 } })?.acked?.value, 101);
  });
});

describe('a queue of a stage that only the metrics page leaves out', () => {
  const missing = { status: 'missing' } as const;

  it('is missing all the time while the management API, asked now and then, has it neither', () => {
    const { registry, read } = createBench();
    registry.relabel([{ id: 'S', queue: 'q' }]);
    const seen = Array.from({ length: 12 }, (_, index) =>
      read(index % 6 === 0 ? { metrics: missing, management: missing } : { metrics: missing }),
    );
    assert.deepEqual(new Set(seen.map((queue) => queue?.status)), new Set(['missing']));
  });

  it('is present while another way has it: another node of the cluster may keep it', () => {
    const { registry, read } = createBench();
    registry.relabel([{ id: 'S', queue: 'q' }]);
    read({ metrics: missing, management: { ready: 4 } });
    const queue = read({ metrics: missing });
    assert.deepEqual([queue?.status, queue?.ready?.value], ['present', 4]);
  });
});

describe('a disagreement', () => {
  it('is none while the older words fit what the better way said at that time', () => {
    const { read } = createBench();
    for (let ready = 0; ready < 50; ready += 5) {
      const queue = read({ amqp: { ready }, management: { ready: Math.max(0, ready - 10) } });
      assert.deepEqual(queue?.disagreements, []);
    }
  });

  it('is told with both figures once three reads do not fit, and ends when they do', () => {
    const { read } = createBench();
    const facts = { amqp: { ready: 0 }, management: { ready: 40 } };
    const counts = Array.from({ length: 6 }, () => read(facts)?.disagreements.length);
    // The first two reads say nothing of the time that the older words are about.
    assert.deepEqual(counts, [0, 0, 0, 0, 1, 1]);
    const [disagreement] = read(facts)?.disagreements ?? [];
    assert.deepEqual(
      [disagreement?.fact, disagreement?.figures.map(({ via, value }) => `${via} ${value}`)],
      ['ready', ['amqp 0', 'management 40']],
    );
    assert.deepEqual(read({ amqp: { ready: 0 }, management: { ready: 0 } })?.disagreements, []);
  });

  it('is noticed too where the other way is asked only now and then', () => {
    const { read } = createBench();
    for (let index = 0; index < 24; index++) {
      read(index % 6 === 5 ? { amqp: { ready: 0 }, management: { ready: 40 } } : { amqp: { ready: 0 } });
    }
    assert.equal(read({ amqp: { ready: 0 } })?.disagreements.length, 1);
  });
});

describe('the broker', () => {
  it('keeps its version, and its alarms for a minute', () => {
    const { registry } = createBench();
    const read = (atMs: number, readings: readonly WayReading[]) =>
      registry.applyRead({
        kind: 'broker-read',
        atMs,
        vhost: '/',
        readings,
        ways: [],
        consumerTimeoutMs: 1,
        leftOutCount: 0,
      });
    const alarms = { memory: true, disk: false };
    // Figures may be older than a minute by a slow interval of the broker; alarms are told as they are.
    read(1000, [
      {
        via: 'management',
        atMs: -59_500,
        isComplete: true,
        queues: [],
        version: '4.1.0',
        alarms,
        alarmsAtMs: 1000,
      },
    ]);
    assert.deepEqual(registry.broker()?.alarms, alarms);
    read(61_000, []);
    assert.deepEqual(registry.broker()?.alarms, alarms);
    read(61_001, []);
    assert.equal(registry.broker()?.alarms, undefined);
    assert.equal(registry.broker()?.version, '4.1.0');
    registry.clear();
    assert.equal(registry.broker(), undefined);
  });
});
