import assert from 'node:assert/strict';
import { createServer, type Socket } from 'node:net';
import { describe, it } from 'node:test';
import { watchBroker } from '../../support/rabbitmq-harness.js';
import { waitFor } from '../../support/wait-for.js';

describe('the RabbitMQ source at a server that takes the connection and never answers', () => {
  for (const scheme of ['amqp', 'amqps']) {
    it(`leaves no socket open at its stop with ${scheme}:`, async (test) => {
      const sockets = new Set<Socket>();
      const server = createServer((socket) => {
        sockets.add(socket.resume());
        socket.on('close', () => sockets.delete(socket)).on('error', () => undefined);
      });
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      test.after(() => {
        server.close();
        for (const socket of sockets) socket.destroy();
      });
      const address = server.address();
      assert.ok(address !== null && typeof address === 'object');
      const watched = watchBroker(test, { rabbitmq: { amqp_url: `${scheme}://127.0.0.1:${address.port}` } });
      await waitFor('the connection', () => sockets.size === 1);

      const startedMs = performance.now();
      await watched.source.stop();
      await waitFor('its end', () => sockets.size === 0);
      assert.ok(performance.now() - startedMs < 1000);
    });
  }
});
