/** A server that answers as the daemon's API does, with what a test gives it. */

import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';

/** By path; a path that is missing answers 404. Returns the server's URL. */
export async function serveApi(
  test: Pick<TestContext, 'after'>,
  answers: Readonly<Record<string, unknown>>,
): Promise<string> {
  const server = createServer((request, response) => {
    const data = answers[request.url ?? ''];
    response.setHeader('content-type', 'application/json');
    if (data === undefined) response.statusCode = 404;
    response.end(JSON.stringify(data === undefined ? { status: 'error' } : { status: 'success', data }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  test.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
