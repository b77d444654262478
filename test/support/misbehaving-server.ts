/** An HTTP server on a port of its own that answers as a test tells it to. */

import { createServer, type RequestListener } from 'node:http';
import type { TestContext } from 'node:test';

export interface MisbehavingServer {
  /** `http://127.0.0.1:port`, without a path. */
  readonly url: string;
  /** Requests whose answer has neither ended nor lost its connection. */
  underWay(): number;
  /** Takes effect with the next request. */
  answerWith(listener: RequestListener): void;
}

export async function startServer(
  test: Pick<TestContext, 'after'>,
  listener: RequestListener,
): Promise<MisbehavingServer> {
  let answer = listener;
  let underWay = 0;
  const server = createServer((request, response) => {
    underWay++;
    response.on('close', () => underWay--);
    answer(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  test.after(() => {
    server.close();
    server.closeAllConnections();
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return {
    url: `http://127.0.0.1:${address.port}`,
    underWay: () => underWay,
    answerWith(next) {
      answer = next;
    },
  };
}
