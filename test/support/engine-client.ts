/** Asks a Docker Engine on a socket, whichever it is, as any HTTP client would. */

import { type IncomingMessage, request } from 'node:http';

export interface EngineAnswer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
  readonly text: string;
  json(): unknown;
}

export interface EngineClient {
  /** `body` is sent as JSON. */
  ask(path: string, method?: 'GET' | 'HEAD' | 'POST' | 'DELETE', body?: object): Promise<EngineAnswer>;
  /** The `Action` of each event of containers, as they come; ends with `close`. */
  followEvents(): Promise<EventFollower>;
}

export interface EventFollower {
  readonly events: readonly EngineEventLine[];
  close(): void;
}

export interface EngineEventLine {
  readonly Type: string;
  readonly Action: string;
  readonly Actor: { readonly ID: string; readonly Attributes: Readonly<Record<string, string>> };
  readonly time: number;
  readonly timeNano: number;
}

export function createEngineClient(socketPath: string): EngineClient {
  function open(path: string, method: string, body?: object): Promise<IncomingMessage> {
    const headers = body ? { 'content-type': 'application/json' } : {};
    return new Promise((resolve, reject) => {
      // Each on a connection of its own.
      request({ socketPath, path, method, headers, agent: false })
        .on('response', resolve)
        .on('error', reject)
        .end(body && JSON.stringify(body));
    });
  }

  return {
    async ask(path, method = 'GET', sent) {
      const response = await open(path, method, sent);
      const body = Buffer.concat(await response.toArray());
      const text = body.toString('utf8');
      return {
        status: response.statusCode ?? 0,
        headers: response.headers,
        body,
        text,
        json: () => JSON.parse(text) as unknown,
      };
    },
    async followEvents() {
      const filters = encodeURIComponent(JSON.stringify({ type: ['container'] }));
      const response = await open(`/events?filters=${filters}`, 'GET');
      const events: EngineEventLine[] = [];
      let pending = '';
      response.setEncoding('utf8').on('data', (chunk: string) => {
        const lines = (pending + chunk).split('\n');
        pending = lines.pop() ?? '';
        for (const line of lines) events.push(JSON.parse(line) as EngineEventLine);
      });
      response.on('error', () => undefined);
      return { events, close: () => response.destroy() };
    },
  };
}
