import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { AmqpConnection } from '../../../src/sources/rabbitmq/amqp-connection.js';
import { createDeclarer } from '../../../src/sources/rabbitmq/declare-queues.js';
import { createFakeClock } from '../../support/fake-clock.js';

const NOBODY_MAY = /./;

/** A broker that refuses passive declares of some queues in the words of RabbitMQ 4.3.6. */
function createRefusing(refused: RegExp) {
  let askedCount = 0;
  const rights = { refused };
  const checkQueue = (name: string): Promise<unknown> => {
    askedCount++;
    if (!rights.refused.test(name)) return Promise.resolve({ messageCount: 2, consumerCount: 1 });
    const words = `ACCESS_REFUSED - configure access to queue '${name}' in vhost '/' refused for user 'watch'`;
    const said = `Operation failed: QueueDeclare; 403 (ACCESS-REFUSED) with message "${words}"`;
    return Promise.reject(Object.assign(new Error(said), { code: 403 }));
  };
  const connection = { openChannel: () => Promise.resolve({ checkQueue }) } as unknown as AmqpConnection;
  return {
    rights,
    connection,
    get askedCount() {
      return askedCount;
    },
  };
}

describe('a passive declare that the broker refuses', () => {
  it('names the right that is enough, whatever right the broker names', async () => {
    const declarer = createDeclarer(createRefusing(NOBODY_MAY).connection, createFakeClock());
    const { readings, refusal } = await declarer.declare(['g3', 'g4', 'g5']);
    assert.deepEqual(readings, []);
    assert.equal(refusal?.reason, 'permission');
    assert.equal(
      refusal?.message,
      'the user watch has no right on queue g3 and 2 other queues; give it read (RabbitMQ 4.2.6 and 4.3.0: configure) on the queues; rabbitmq.metrics_url needs no right',
    );
  });

  it('costs no other queue its depth', async () => {
    const declarer = createDeclarer(createRefusing(/^g4$/).connection, createFakeClock());
    const { readings, refusal } = await declarer.declare(['g3', 'g4', 'g5']);
    assert.deepEqual(
      readings.map(({ name, ready }) => [name, ready]),
      [
        ['g3', 2],
        ['g5', 2],
      ],
    );
    assert.match(refusal?.message ?? '', /has no right on queue g4; give it read/);
  });

  it('is tried again a minute later, not at each read', async () => {
    const broker = createRefusing(NOBODY_MAY);
    const clock = createFakeClock();
    const declarer = createDeclarer(broker.connection, clock);
    await declarer.declare(['g3']);
    broker.rights.refused = /^none$/;
    await clock.advance(59_000);
    assert.ok((await declarer.declare(['g3'])).refusal);
    assert.equal(broker.askedCount, 1);
    await clock.advance(1000);
    const { readings, refusal } = await declarer.declare(['g3']);
    assert.deepEqual(readings, [{ name: 'g3', status: 'present', ready: 2, consumers: 1 }]);
    assert.equal(refusal, undefined);
  });
});
