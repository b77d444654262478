/** Stands for the socket proxy of the compose file: lets through what its flags allow, and answers 403 to the rest. */

import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';

export interface AllowingProxy {
  readonly port: number;
  /** What was refused, as `GET /path`. */
  readonly refused: readonly string[];
}

/** Flags as `-allowGET=PATTERN`; patterns are matched against the whole path. */
export async function startAllowingProxy(
  test: Pick<TestContext, 'after'>,
  socketPath: string,
  flags: readonly string[],
): Promise<AllowingProxy> {
  const refused: string[] = [];
  const allowed = flags.flatMap((flag) => {
    const [, method = '', pattern = ''] = /^-allow([A-Z]+)=(.+)$/.exec(flag) ?? [];
    return method === '' ? [] : [{ method, pattern: new RegExp(`^(?:${pattern})$`) }];
  });
  const server = createServer((incoming, outgoing) => {
    const { method = '', url = '', headers } = incoming;
    const path = url.split('?')[0] ?? '';
    if (!allowed.some((rule) => rule.method === method && rule.pattern.test(path))) {
      refused.push(`${method} ${path}`);
      outgoing.writeHead(403).end('Forbidden');
      return;
    }
    const onward = request({ socketPath, method, path: url, headers }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      // A stream of events has a head at once, and its first line perhaps never.
      outgoing.flushHeaders();
      answer.pipe(outgoing);
    });
    onward.on('error', () => outgoing.destroy());
    outgoing.on('close', () => onward.destroy());
    incoming.pipe(onward);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  test.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return { port: (server.address() as AddressInfo).port, refused };
}
