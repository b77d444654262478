/** One of the simulation's HTTP servers: on a port of the loopback or on a socket, answering or, as a crashed one, not. */

import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface HttpService {
  /** Of a port; 0 on a socket. */
  readonly port: number;
  /** False: every connection is cut off. */
  setUp(isUp: boolean): void;
  close(): Promise<void>;
}

export interface HttpServiceOptions {
  /** A path; absent: a free port of 127.0.0.1. */
  readonly socketPath?: string;
  readonly handle: (request: IncomingMessage, response: ServerResponse) => void;
}

/** Rejects with the system's error when it cannot listen. */
export async function startHttpService({ socketPath, handle }: HttpServiceOptions): Promise<HttpService> {
  let isUp = true;
  const listener: RequestListener = (request, response) => {
    if (!isUp) request.socket.destroy();
    else handle(request, response);
  };
  const server = createServer(listener);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    if (socketPath === undefined) server.listen(0, '127.0.0.1', resolve);
    else server.listen(socketPath, resolve);
  });
  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? (address satisfies AddressInfo).port : 0,
    setUp(next) {
      if (isUp && !next) server.closeAllConnections();
      isUp = next;
    },
    close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      return closed;
    },
  };
}

export function sendText(response: ServerResponse, body: string, contentType: string): void {
  response.setHeader('content-type', contentType);
  response.end(body);
}

export function sendJson(response: ServerResponse, body: unknown, status = 200): void {
  response.statusCode = status;
  sendText(response, `${JSON.stringify(body)}\n`, 'application/json');
}
