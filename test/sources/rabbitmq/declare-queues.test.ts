import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { AmqpConnection } from '../../../src/sources/rabbitmq/amqp-connection.js';
import { createDeclarer } from '../../../src/sources/rabbitmq/declare-queues.js';

/** A broker that refuses each passive declare with its words. */
function refusing(words: string): AmqpConnection {
  const error = Object.assign(
    new Error(`Channel closed by server: 403 (ACCESS-REFUSED) with message "ACCESS_REFUSED - ${words}"`),
    { code: 403 },
  );
  return {
    openChannel: () => Promise.resolve({ checkQueue: () => Promise.reject(error) }),
  } as unknown as AmqpConnection;
}

describe('a passive declare that the broker refuses', () => {
  it('says which right the user lacks', async () => {
    const declarer = createDeclarer(
      refusing("read access to queue 'g3' in vhost '/' refused for user 'watch'"),
    );
    await assert.rejects(declarer.declare(['g3']), {
      reason: 'permission',
      message: /queue g3: the user watch lacks the right read on it/,
    });
  });

  it('asks for access to the vhost where the broker names no right', async () => {
    await assert.rejects(createDeclarer(refusing('no')).declare(['g3']), {
      message: /give the user access to the vhost/,
    });
  });
});
