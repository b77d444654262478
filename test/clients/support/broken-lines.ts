/** What goes wrong between a worker and its broker, made by hand. */

import { connect as connectTcp, createServer, type Server, type Socket } from 'node:net';
import type { TestContext } from 'node:test';
import type { RealRabbitmq } from '../../support/real-rabbitmq.js';
import { waitFor } from '../../support/wait-for.js';

/** The management API shows a connection some seconds after it was opened: asked again until there is one to cut. */
export async function cutConnections(broker: RealRabbitmq, name: string): Promise<void> {
  await waitFor(`a connection of ${name} to cut`, async () => {
    const all = (await broker.manage('GET', '/connections')) as {
      name: string;
      client_properties: { connection_name?: string };
    }[];
    const own = all.filter((one) => one.client_properties.connection_name === name);
    const cut = await Promise.all(
      own.map((one) =>
        broker.manage('DELETE', `/connections/${encodeURIComponent(one.name)}`).then(
          () => true,
          // Shown still, and gone already.
          () => false,
        ),
      ),
    );
    return cut.includes(true);
  });
}

export interface Proxy {
  readonly port: number;
  /** From now on the connections there are pass nothing, and stay open; new ones work. */
  hole(): void;
  /** Ends the connections there are; new ones work. */
  cut(): void;
}

export async function startProxy(test: TestContext, target: number): Promise<Proxy> {
  const pairs: (readonly [Socket, Socket])[] = [];
  const server: Server = createServer((client) => {
    const upstream = connectTcp(target, '127.0.0.1');
    client.pipe(upstream).pipe(client);
    for (const socket of [client, upstream]) socket.on('error', () => undefined);
    pairs.push([client, upstream]);
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  test.after(() => {
    for (const socket of pairs.flat()) socket.destroy();
    server.close();
  });
  return {
    port: (server.address() as { port: number }).port,
    cut() {
      for (const socket of pairs.splice(0).flat()) socket.destroy();
    },
    hole() {
      for (const [client, upstream] of pairs.splice(0)) {
        client.unpipe(upstream);
        upstream.unpipe(client);
        client.pause();
        upstream.pause();
        test.after(() => [client, upstream].map((socket) => socket.destroy()));
      }
    },
  };
}
