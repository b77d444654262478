/** One reader of the event stream: gets events as fast as it reads, and only the newest where it reads too slowly. */

import type { ServerResponse } from 'node:http';
import type { Clock } from '../../lib/clock.js';
import { type EventChunk, GZIP_HEADER } from './event-chunk.js';

export interface EventClient {
  send(chunk: EventChunk): void;
  /** Since when it has not read on; undefined while it keeps up. */
  readonly blockedSinceMs: number | undefined;
  /** Ends its stream as a whole response. */
  end(): void;
  /** Cuts it off. */
  drop(): void;
}

export function createEventClient(response: ServerResponse, isPacked: boolean, clock: Clock): EventClient {
  let blockedSinceMs: number | undefined;
  /** Came while it was blocked; an older one is forgotten for it. */
  let newest: EventChunk | undefined;

  function write(bytes: Buffer): void {
    if (!response.write(bytes)) blockedSinceMs ??= clock.nowMs();
  }

  function send(chunk: EventChunk): void {
    if (blockedSinceMs === undefined) write(isPacked ? chunk.packed : chunk.plain);
    else newest = chunk;
  }

  response.on('drain', () => {
    blockedSinceMs = undefined;
    const chunk = newest;
    newest = undefined;
    if (chunk) send(chunk);
  });
  response.writeHead(200, {
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-store',
    // Proxies that would collect the stream first.
    'x-accel-buffering': 'no',
    vary: 'accept-encoding',
    ...(isPacked && { 'content-encoding': 'gzip' }),
  });
  if (isPacked) write(GZIP_HEADER);
  return {
    send,
    get blockedSinceMs() {
      return blockedSinceMs;
    },
    end: () => void response.end(),
    drop: () => void response.destroy(),
  };
}
