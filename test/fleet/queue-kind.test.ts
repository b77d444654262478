import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type DeadLetterBinding, routeDeadLetters } from '../../src/fleet/dead-letter-routes.js';
import { classifyQueue, type QueueFacts } from '../../src/fleet/queue-kind.js';
import type { QueueKind } from '../../src/fleet/queue-model.js';
import type { QueueReading } from '../../src/fleet/queue-observations.js';
import { createQueueRegistry } from '../../src/fleet/queue-registry.js';

function kindOf(name: string, facts: Partial<QueueFacts> = {}): QueueKind {
  return classifyQueue({ name, traits: {}, wasServed: false, deadLettersFrom: [], ...facts }).kind;
}

describe('the kind of a queue, by its name', () => {
  const names: Readonly<Record<QueueKind, readonly string[]>> = {
    work: [
      'g3_02',
      'celery',
      'default',
      'jobs',
      'delayed-shipments',
      'errors-api',
      'video.transcode',
      'deadline',
    ],
    dead_letter: [
      'jobs.dlq',
      'default.XQ',
      'orders_error',
      'orders_skipped',
      'jobs-dead-letter',
      'jobs.deadletter',
      'dlq.jobs',
      'jobs-DLQ',
      'parking-lot',
    ],
    delay: [
      'default.DQ',
      'celery_delayed_7',
      'nsb.delay-level-10',
      'nsb.v2.delay-level-00',
      'jobs.retry',
      'jobs.retry.30s',
    ],
    event: ['celeryev.0f0f0f0f', 'celery@host.celery.pidbox', 'mqtt-subscription-c1qos1'],
    reply: [
      '0f1b.reply.celery.pidbox',
      'amq.gen-x8',
      '5f0c2a44-3a0c-4f0f-9d3a-0a1b2c3d4e5f',
      'rpc.reply',
      'reply-to',
    ],
    temporary: [],
    stream: [],
  };
  for (const [kind, list] of Object.entries(names)) {
    for (const name of list) it(`is ${kind}: ${name}`, () => assert.equal(kindOf(name), kind));
  }
});

describe('the kind of a queue, by how it was declared', () => {
  const waits = { messageTtlMs: 600_000, deadLetterExchange: 'amq.topic' };
  const cases: readonly (readonly [string, Partial<QueueFacts>, QueueKind])[] = [
    ['a stream', { traits: { type: 'stream' } }, 'stream'],
    ['a stream of a stage', { traits: { type: 'stream' }, stage: 'S' }, 'stream'],
    ['an exclusive one', { traits: { isExclusive: true } }, 'temporary'],
    ['one that goes with its consumer', { traits: { isAutoDelete: true } }, 'temporary'],
    ['one that expires unused', { traits: { expiresMs: 60_000 } }, 'temporary'],
    ['one whose messages wait and go on', { traits: waits }, 'delay'],
    ['one whose messages wait, served by consumers', { traits: waits, wasServed: true }, 'work'],
    ['one that passes on what is rejected', { traits: { deadLetterExchange: 'dlx' } }, 'work'],
    ['one that loses what is too old', { traits: { messageTtlMs: 1000 } }, 'work'],
    ['one that others pass on to', { deadLettersFrom: ['jobs'] }, 'dead_letter'],
    [
      'one of a stage, whatever it is declared as',
      { stage: 'S', traits: { ...waits, isAutoDelete: true } },
      'work',
    ],
  ];
  for (const [title, facts, kind] of cases) {
    it(`is ${kind}: ${title}`, () => assert.equal(kindOf('some', facts), kind));
  }

  it('is work where consumers serve a queue that is named as if messages waited in it', () => {
    assert.equal(kindOf('jobs.retry', { wasServed: true }), 'work');
    assert.equal(kindOf('celery_delayed_7', { wasServed: true }), 'delay', 'the name that a framework gives');
    assert.equal(kindOf('jobs.dlq', { wasServed: true }), 'dead_letter', 'one who empties it serves no work');
  });

  it('is work where a stage takes its jobs from it, whatever its name', () => {
    assert.equal(kindOf('jobs.dlq', { stage: 'RETRY' }), 'work');
  });

  it('is said with its reason', () => {
    const { reason } = classifyQueue({ name: 'q', traits: waits, wasServed: false, deadLettersFrom: [] });
    assert.match(reason, /^messages wait 10m.* and go on to exchange amq\.topic$/);
  });
});

describe('the way of dead letters', () => {
  const bindings: readonly DeadLetterBinding[] = [
    { exchange: 'dlx', routingKey: 'a', queue: 'dead-a' },
    { exchange: 'dlx', routingKey: 'b', queue: 'dead-b' },
    { exchange: 'fan', routingKey: '', queue: 'dead-all' },
  ];
  const route = (traits: object, name = 'jobs') => [...routeDeadLetters([[name, traits]], bindings)];

  it('leads through the default exchange to the queue that is named', () => {
    assert.deepEqual(route({ deadLetterExchange: '', deadLetterRoutingKey: 'dead' }), [['dead', ['jobs']]]);
    assert.deepEqual(route({ deadLetterExchange: '' }), []);
    assert.deepEqual(route({ deadLetterExchange: '', deadLetterRoutingKey: 'jobs' }), []);
  });

  it('leads through an exchange to what is bound with the key, to all bound without one, and by a fanout', () => {
    assert.deepEqual(route({ deadLetterExchange: 'dlx', deadLetterRoutingKey: 'b' }), [['dead-b', ['jobs']]]);
    assert.deepEqual(route({ deadLetterExchange: 'dlx' }).length, 2);
    assert.deepEqual(route({ deadLetterExchange: 'fan', deadLetterRoutingKey: 'x' }), [
      ['dead-all', ['jobs']],
    ]);
    assert.deepEqual(route({ deadLetterExchange: 'none', deadLetterRoutingKey: 'x' }), []);
  });
});

describe('queues of one broker', () => {
  function natures(
    queues: readonly Omit<QueueReading, 'status'>[],
    bindings: readonly DeadLetterBinding[] = [],
  ) {
    const registry = createQueueRegistry();
    registry.relabel([{ id: 'S', queue: 'g3' }]);
    const read = (list: readonly Omit<QueueReading, 'status'>[], atMs: number): void =>
      registry.applyRead({
        kind: 'broker-read',
        atMs,
        vhost: '/',
        readings: [
          {
            via: 'management',
            atMs,
            isComplete: true,
            queues: list.map((queue) => ({ status: 'present', ...queue })),
            deadLetterBindings: bindings,
          },
        ],
        ways: [],
        consumerTimeoutMs: 1,
        leftOutCount: 0,
      });
    read(queues, 1000);
    return { registry, read };
  }

  it('take dead letters of those that lose them, but not what comes back from a delay', () => {
    const { registry } = natures(
      [
        { name: 'g3', traits: { deadLetterExchange: 'dlx', deadLetterRoutingKey: 'g3' } },
        { name: 'lost', traits: {} },
        {
          name: 'later',
          traits: { messageTtlMs: 5000, deadLetterExchange: '', deadLetterRoutingKey: 'jobs' },
        },
        { name: 'jobs', traits: {} },
      ],
      [{ exchange: 'dlx', routingKey: 'g3', queue: 'lost' }],
    );
    const kinds = [...registry.queues.values()].map(({ name, kind, deadLettersFrom }) => [
      name,
      kind,
      deadLettersFrom,
    ]);
    assert.deepEqual(kinds, [
      ['g3', 'work', []],
      ['lost', 'dead_letter', ['g3']],
      ['later', 'delay', []],
      ['jobs', 'work', []],
    ]);
  });

  it('keep their kind when answers lack what they were declared as', () => {
    const { registry, read } = natures([{ name: 'q', type: 'stream', traits: { isExclusive: true } }]);
    for (let seconds = 5; seconds < 200; seconds += 5) read([{ name: 'q', ready: 1 }], seconds * 1000);
    assert.equal(registry.queues.get('//q')?.kind, 'stream');
  });

  it('are remembered as served, though no consumer is there any more', () => {
    const { registry, read } = natures([{ name: 'q', consumers: 2 }]);
    read([{ name: 'q', consumers: 0 }], 6000);
    assert.equal(registry.queues.get('//q')?.wasServed, true);
    read([{ name: 'other', consumers: 0 }], 11_000);
    read([{ name: 'q', consumers: 0 }], 16_000);
    assert.equal(registry.queues.get('//q')?.wasServed, true);
  });
});
