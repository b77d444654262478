/** A socket in front of a real engine that may look at each request first, and answer in its place. */

import { createServer, request as forward, type IncomingMessage, type ServerResponse } from 'node:http';
import { join } from 'node:path';

export interface EngineProxy {
  /** `unix:///…` */
  readonly host: string;
  /** `POST /containers/…/restart`: what came through, in order. */
  readonly requests: readonly string[];
  close(): Promise<void>;
}

/** Gives true when it has answered, or nobody ever will. */
export type Meddle = (
  path: string,
  response: ServerResponse,
  request: IncomingMessage,
) => Promise<boolean> | boolean;

export async function startEngineProxy(
  folder: string,
  engineSocket: string,
  meddle: Meddle,
): Promise<EngineProxy> {
  const socketPath = join(folder, `proxy-${process.hrtime.bigint()}.sock`);
  const requests: string[] = [];
  const server = createServer((request, response) => {
    const path = `${request.method} ${(request.url ?? '').replace(/^\/v[\d.]+/, '')}`;
    requests.push(path);
    void Promise.resolve(meddle(path, response, request)).then((isAnswered) => {
      if (isAnswered !== true) pass(request, response);
    });
  });

  function pass(request: IncomingMessage, response: ServerResponse): void {
    const { url, method, headers } = request;
    const onward = forward({ socketPath: engineSocket, path: url, method, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 500, answer.headers);
      response.flushHeaders();
      answer.pipe(response);
      answer.on('error', () => response.destroy());
    });
    onward.on('error', () => response.destroy());
    // An event stream ends when its reader goes.
    response.on('close', () => onward.destroy());
    request.pipe(onward);
  }

  await new Promise<void>((resolve) => server.listen(socketPath, resolve));
  return {
    host: `unix://${socketPath}`,
    requests,
    close() {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}
