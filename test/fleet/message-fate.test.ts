import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { judgeMessage, type LostMessage, type MessageFacts } from '../../src/fleet/message-fate.js';
import type { SourceHealth } from '../../src/fleet/model.js';
import type { Broker, Figure, Queue } from '../../src/fleet/queue-model.js';

const T0 = 1_763_900_000_000;
const MINUTE = 60_000;
const HEALTH = { source: 'rabbitmq', target: 'b', isUp: true, failures: {} } as unknown as SourceHealth;

const figure = (value: number, atMs = T0 + 5 * MINUTE): Figure => ({ value, via: 'management', atMs });

function queue(more: Partial<Queue> = {}): Queue {
  return {
    ...{ vhost: '/', name: 'g3', status: 'present', stage: 'G3', disagreements: [], dataAtMs: T0 },
    ...{ kind: 'work', kindReason: '', deadLettersFrom: [], wasServed: true },
    ...{ ready: figure(2), unacked: figure(1), acked: figure(7) },
    ackMode: { mode: 'late', atMs: T0 + MINUTE },
    ...more,
  };
}

const broker = (version: string): Broker => ({
  ...{ vhost: '/', version, consumerTimeoutMs: 1, ways: [], leftOutCount: 0 },
});

interface Case {
  readonly message?: Partial<LostMessage>;
  readonly queue?: Partial<Queue>;
  readonly facts?: Partial<MessageFacts>;
}

/** A job that began at T0, and was lost four minutes later. */
function fateOf({ message = {}, queue: its = {}, facts = {} }: Case): string {
  const fate = judgeMessage(
    { startedAtMs: T0, lostAtMs: T0 + 4 * MINUTE, losses: 1, ...message },
    {
      ...{ queue: queue(its), broker: broker('4.1.0'), health: HEALTH, isRedelivered: null },
      ...{ nowMs: T0 + 5 * MINUTE, ...facts },
    },
  );
  return fate.kind === 'returns' ? 'returns' : `${fate.kind}: ${fate.reason}`;
}

const unheld = (fromMs: number, toMs: number): Partial<LostMessage> => ({
  unheld: { fromMs: T0 + fromMs, toMs: T0 + toMs },
});

describe('the message of a lost job', () => {
  const cases: readonly (readonly [what: string, fate: string, given: Case])[] = [
    ['of consumers that ack after work', 'returns', {}],
    [
      'of consumers that do not ack',
      'gone: auto_ack',
      { queue: { ackMode: { mode: 'none', atMs: T0 + 1 } } },
    ],
    [
      'of an empty queue, while another gives messages back to work later',
      'returns',
      { queue: { ready: figure(0), unacked: figure(0) }, facts: { isAnyDelayed: true } },
    ],
    [
      'of a queue whose figures are older than the job',
      'unknown: figures_too_old',
      { queue: { ackMode: { mode: 'none', atMs: T0 } } },
    ],
    [
      'of consumers of both habits',
      'unknown: ack_mode_unknown',
      { queue: { ackMode: { mode: 'mixed', atMs: T0 + MINUTE } } },
    ],
    [
      'of a queue whose deliveries nobody counts',
      'unknown: ack_mode_unknown',
      { queue: { ackMode: undefined } as never },
    ],
    ['of a broker that is not watched', 'unknown: broker_not_watched', { facts: { health: undefined } }],
    [
      'of a broker that is away',
      'unknown: broker_unreadable',
      { facts: { health: { ...HEALTH, isUp: false } } },
    ],
    ['of a stage without a queue', 'unknown: queue_unknown', { facts: { queue: undefined } }],
    ['of a queue that is gone', 'unknown: queue_unknown', { queue: { status: 'missing' } }],
    ['that nobody held while the job ran', 'gone: acked_before', { message: unheld(MINUTE, 3 * MINUTE) }],
    ['that nobody held before the job ran', 'returns', { message: unheld(-MINUTE, MINUTE) }],
    ['that nobody held once the job was lost', 'returns', { message: unheld(3 * MINUTE, 5 * MINUTE) }],
    [
      'that nobody held, of a queue in which nothing was ever acked',
      'returns',
      { message: unheld(MINUTE, 3 * MINUTE), queue: { acked: figure(0) } },
    ],
    [
      'of a quorum queue with a limit, lost as often',
      'returns',
      { message: { losses: 2 }, queue: { type: 'quorum', deliveryLimit: 2 } },
    ],
    [
      'of a quorum queue with a limit, lost once more',
      'gone: delivery_limit',
      { message: { losses: 3 }, queue: { type: 'quorum', deliveryLimit: 2 } },
    ],
    [
      'of a quorum queue of RabbitMQ 4, lost 21 times',
      'gone: delivery_limit',
      { message: { losses: 21 }, queue: { type: 'quorum' } },
    ],
    [
      'of a quorum queue of RabbitMQ 4, lost 20 times',
      'returns',
      { message: { losses: 20 }, queue: { type: 'quorum' } },
    ],
    [
      'of a quorum queue of RabbitMQ 3, lost 21 times',
      'returns',
      { message: { losses: 21 }, queue: { type: 'quorum' }, facts: { broker: broker('3.13.7') } },
    ],
    [
      'of a quorum queue without a limit',
      'returns',
      { message: { losses: 50 }, queue: { type: 'quorum', deliveryLimit: -1 } },
    ],
    [
      'of a classic queue, which knows no limit',
      'returns',
      { message: { losses: 50 }, queue: { type: 'classic', deliveryLimit: 2 } },
    ],
    [
      'of a queue that is empty since',
      'gone: not_in_queue',
      { queue: { ready: figure(0), unacked: figure(0) } },
    ],
    [
      'of a queue that was empty before, as far as is told',
      'returns',
      { queue: { ready: figure(0, T0 + 4 * MINUTE), unacked: figure(0, T0 + 4 * MINUTE) } },
    ],
    ['of an empty queue whose consumers hold some', 'returns', { queue: { ready: figure(0) } }],
    ['that nobody took in time', 'gone: not_taken', { message: { neededMs: MINUTE - 1 } }],
    ['that may still be taken in time', 'returns', { message: { neededMs: MINUTE } }],
    [
      'that the configuration calls lost',
      'gone: set',
      { facts: { isRedelivered: false, health: undefined } },
    ],
    [
      'that the configuration calls redelivered',
      'returns',
      { facts: { isRedelivered: true, health: undefined } },
    ],
    [
      'that the configuration calls redelivered, of an empty queue',
      'gone: not_in_queue',
      {
        facts: { isRedelivered: true },
        queue: { ready: figure(0), unacked: figure(0), ackMode: undefined } as never,
      },
    ],
  ];
  for (const [what, fate, given] of cases) it(`${what}: ${fate}`, () => assert.equal(fateOf(given), fate));
});
