/** A server that speaks as much of the Docker Engine API as stagewatch asks, and misbehaves where a test wants it. */

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer, type ServerOptions } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';

export interface FakeContainer {
  readonly id: string;
  readonly name: string;
  state: string;
  restartCount?: number;
  startedAt?: string;
  finishedAt?: string;
  exitCode?: number;
  labels?: Record<string, string>;
  health?: string;
  /** CPU time used, in nanoseconds. */
  cpuNs?: number;
}

export interface FakeEngine {
  readonly socketPath: string;
  readonly containers: Map<string, FakeContainer>;
  /** Paths asked for so far, with their query. */
  readonly requests: readonly string[];
  /** Gives true when it has answered, so that the engine does not. */
  intercept: (path: string, request: IncomingMessage, response: ServerResponse) => boolean;
  apiVersion: string;
  /** How far its clock is ahead, in `Date` and in events. */
  clockAheadMs: number;
  /** Adds to the history and sends to every open stream. */
  /** `beside`: fields on the outermost level, as Podman has them. */
  emit(
    id: string,
    action: string,
    attributes?: Record<string, string>,
    beside?: Record<string, string>,
  ): void;
  /** Only adds to the history: the stream has gone deaf. */
  swallow(id: string, action: string, attributes?: Record<string, string>): void;
  /** Sends raw bytes to every open stream. */
  sendRaw(text: string | Buffer): void;
  cutStreams(): void;
  readonly openStreams: number;
  close(): Promise<void>;
}

export interface FakeEngineOptions {
  readonly folder: string;
  /** Listen on TLS at a free port of 127.0.0.1 in place of the socket. */
  readonly tls?: ServerOptions;
}

let lastNano = 0n;

/** Nanoseconds that never repeat while the clock is not set back. */
function nowNano(aheadMs: number): bigint {
  if (aheadMs !== 0) return BigInt(Date.now() + aheadMs) * 1_000_000n + (lastNano++ % 1_000_000n);
  const now = BigInt(Date.now()) * 1_000_000n;
  lastNano = now > lastNano ? now : lastNano + 1000n;
  return lastNano;
}

export async function startFakeEngine({
  folder,
  tls,
}: FakeEngineOptions): Promise<FakeEngine & { port: number }> {
  const containers = new Map<string, FakeContainer>();
  const requests: string[] = [];
  const history: { nano: bigint; line: string }[] = [];
  const streams = new Set<ServerResponse>();
  const socketPath = join(folder, 'engine.sock');
  const engine = { intercept: (() => false) as FakeEngine['intercept'], apiVersion: '1.41', clockAheadMs: 0 };

  function record(
    id: string,
    action: string,
    attributes: Record<string, string>,
    beside: Record<string, string> = {},
  ): string {
    const nano = nowNano(engine.clockAheadMs);
    const name = containers.get(id)?.name ?? '';
    const body = JSON.stringify({
      ...beside,
      Type: 'container',
      Action: action,
      Actor: { ID: id, Attributes: { name, ...attributes } },
    });
    const line = `${body.slice(0, -1)},"timeNano":${nano}}\n`;
    history.push({ nano, line });
    return line;
  }

  function handle(request: IncomingMessage, response: ServerResponse): void {
    const url = new URL(request.url ?? '/', 'http://engine');
    const path = url.pathname.replace(/^\/v[\d.]+/, '');
    requests.push(request.url ?? '');
    response.setHeader('Api-Version', engine.apiVersion);
    response.setHeader('Date', new Date(Date.now() + engine.clockAheadMs).toUTCString());
    if (engine.intercept(path, request, response)) return;
    if (path === '/_ping') response.end('OK');
    else if (path === '/containers/json') sendJson(response, [...containers.values()].map(listed));
    else if (path === '/events') openEvents(url, response);
    else if (path.endsWith('/stats')) sendStats(path, response);
    else sendInspect(path, response);
  }

  function openEvents(url: URL, response: ServerResponse): void {
    response.writeHead(200, { 'content-type': 'application/json' });
    response.flushHeaders();
    const since = toNano(url.searchParams.get('since'));
    const until = toNano(url.searchParams.get('until'));
    for (const { nano, line } of history) {
      if (since !== undefined && nano >= since && (until === undefined || nano <= until))
        response.write(line);
    }
    if (until !== undefined) {
      response.end();
      return;
    }
    streams.add(response);
    response.on('close', () => streams.delete(response));
  }

  function sendInspect(path: string, response: ServerResponse): void {
    const container = containers.get(/^\/containers\/([^/]+)\/json$/.exec(path)?.[1] ?? '');
    if (container) sendJson(response, inspected(container));
    else sendNotFound(response);
  }

  function sendStats(path: string, response: ServerResponse): void {
    const container = containers.get(path.split('/')[2] ?? '');
    if (container) sendJson(response, stats(container));
    else sendNotFound(response);
  }

  const server: Server = tls ? createTlsServer(tls, handle) : createServer(handle);
  await new Promise<void>((resolve) => {
    if (tls) server.listen(0, '127.0.0.1', resolve);
    else server.listen(socketPath, resolve);
  });

  return Object.assign(engine, {
    socketPath,
    port: tls ? (server.address() as AddressInfo).port : 0,
    containers,
    requests,
    emit(
      id: string,
      action: string,
      attributes: Record<string, string> = {},
      beside?: Record<string, string>,
    ) {
      const line = record(id, action, attributes, beside);
      for (const stream of streams) stream.write(line);
    },
    swallow(id: string, action: string, attributes: Record<string, string> = {}) {
      record(id, action, attributes);
    },
    sendRaw(text: string | Buffer) {
      for (const stream of streams) stream.write(text);
    },
    cutStreams() {
      for (const stream of streams) stream.destroy();
    },
    get openStreams() {
      return streams.size;
    },
    close() {
      server.closeAllConnections();
      return new Promise<void>((resolve) => server.close(() => resolve()));
    },
  });
}

function toNano(text: string | null): bigint | undefined {
  if (text === null) return undefined;
  const [seconds = '0', fraction = ''] = text.split('.');
  return BigInt(seconds) * 1_000_000_000n + BigInt(fraction.padEnd(9, '0').slice(0, 9));
}

export function sendJson(response: ServerResponse, body: unknown): void {
  response.setHeader('content-type', 'application/json');
  response.end(JSON.stringify(body));
}

function sendNotFound(response: ServerResponse): void {
  response.statusCode = 404;
  sendJson(response, { message: 'No such container' });
}

function listed({ id, name, state, labels = {} }: FakeContainer) {
  return {
    Id: id,
    Names: [`/${name}`],
    Image: 'box:1',
    Labels: labels,
    Created: 1_763_900_000,
    State: state,
    Status: '',
  };
}

export function inspected({ id, name, state, labels = {}, ...more }: FakeContainer) {
  return {
    Id: id,
    Name: `/${name}`,
    Created: '2025-11-23T12:13:20Z',
    RestartCount: more.restartCount ?? 0,
    State: {
      Status: state,
      OOMKilled: false,
      ExitCode: more.exitCode ?? 0,
      Error: '',
      ...(more.health !== undefined && { Health: { Status: more.health } }),
      StartedAt: more.startedAt ?? '0001-01-01T00:00:00Z',
      FinishedAt: more.finishedAt ?? '0001-01-01T00:00:00Z',
    },
    HostConfig: { RestartPolicy: { Name: 'always' } },
    Config: { Image: 'box:1', Labels: labels },
  };
}

function stats({ state, cpuNs = 0 }: FakeContainer) {
  const isRunning = state === 'running';
  return {
    read: isRunning ? new Date().toISOString() : '0001-01-01T00:00:00Z',
    cpu_stats: { cpu_usage: { total_usage: isRunning ? cpuNs : 0 }, throttling_data: {} },
  };
}
