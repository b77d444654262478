/**
 * Streams the page's picture to browsers as server-sent events: `fleet` when it has changed, at most once a second,
 * `alive` with the time when nothing has. Nothing is made while nobody listens.
 */

import type { Request, RequestHandler } from 'express';
import type { Clock, Timer } from '../../lib/clock.js';
import type { Logger } from '../../lib/logger.js';
import { sendError } from '../api-envelope.js';
import { keyOf } from '../door/address-key.js';
import { createEventChunk, type EventChunk } from './event-chunk.js';
import { createEventClient, type EventClient } from './event-client.js';
import { PICTURE_EVERY_MS, type Picture } from './picture-feed.js';
import { type PlaceLimits, refusePlace, STREAM_PLACES, type StreamReader } from './stream-places.js';

export interface EventHub {
  readonly route: RequestHandler;
  readonly clientCount: number;
  /** Ends every stream, and takes no more. */
  close(): void;
}

export interface EventHubOptions {
  readonly picture: () => Picture;
  readonly clock: Clock;
  readonly log: Logger;
  /** Whether a request has shown right credentials. */
  readonly isTrusted: (request: Request) => boolean;
  readonly places?: PlaceLimits;
}

const ALIVE_EVERY_MS = 5000;
/** Who has read nothing for so long is gone, and keeps another from its place. */
const BLOCKED_LIMIT_MS = 60_000;
/** A browser that lost the stream comes back after this. */
const RETRY_MS = 2000;

export function createEventHub({
  picture,
  clock,
  log,
  isTrusted,
  places = STREAM_PLACES,
}: EventHubOptions): EventHub {
  const clients = new Map<EventClient, StreamReader>();
  let timer: Timer | undefined;
  let isClosed = false;
  let isFailing = false;
  let told: { readonly revision: number; readonly chunk: EventChunk } | undefined;
  /** Revision that all clients were sent last. */
  let sentRevision = 0;
  let lastSentAtMs = 0;

  function newestChunk(): EventChunk {
    const { revision, text } = picture();
    if (told?.revision !== revision) {
      told = { revision, chunk: createEventChunk(`retry: ${RETRY_MS}\nevent: fleet\ndata: ${text}\n\n`) };
    }
    return told.chunk;
  }

  function broadcast(): void {
    const nowMs = clock.nowMs();
    dropBlocked(nowMs);
    const chunk = newestChunk();
    if (told && told.revision !== sentRevision) {
      sentRevision = told.revision;
      lastSentAtMs = nowMs;
      for (const client of clients.keys()) client.send(chunk);
    } else if (nowMs - lastSentAtMs >= ALIVE_EVERY_MS) {
      lastSentAtMs = nowMs;
      const alive = createEventChunk(`event: alive\ndata: ${new Date(nowMs).toISOString()}\n\n`);
      // Who is behind has a picture to come, which says more.
      for (const client of clients.keys()) if (client.blockedSinceMs === undefined) client.send(alive);
    }
  }

  function dropBlocked(nowMs: number): void {
    for (const client of clients.keys()) {
      if (client.blockedSinceMs !== undefined && nowMs - client.blockedSinceMs > BLOCKED_LIMIT_MS)
        client.drop();
    }
  }

  /** A fault of ours in one picture must not end all streaming. */
  function tick(): void {
    try {
      broadcast();
      isFailing = false;
    } catch (error) {
      if (!isFailing) log.error({ err: error }, 'the picture for the page failed; clients keep the last one');
      isFailing = true;
    }
    schedule();
  }

  function schedule(): void {
    timer = clients.size > 0 && !isClosed ? clock.after(PICTURE_EVERY_MS, tick) : undefined;
  }

  return {
    route(request, response) {
      if (request.method === 'HEAD') {
        // The router hands it on as a GET, and it would hold a place without ever reading.
        response.type('text/event-stream').end();
        return;
      }
      const reader = {
        address: keyOf(request.socket.remoteAddress ?? ''),
        isTrusted: isTrusted(request),
      };
      const why = isClosed ? 'stagewatch is stopping' : refusePlace(reader, [...clients.values()], places);
      if (why !== undefined) {
        sendError(response, 'unavailable', `${why}; GET /api/v1/picture gives the same picture`);
        return;
      }
      const chunk = newestChunk();
      if (clients.size === 0) {
        sentRevision = told?.revision ?? 0;
        lastSentAtMs = clock.nowMs();
      }
      const client = createEventClient(response, request.acceptsEncodings('gzip') === 'gzip', clock);
      clients.set(client, reader);
      response.on('close', () => clients.delete(client));
      client.send(chunk);
      if (!timer) schedule();
    },
    get clientCount() {
      return clients.size;
    },
    close() {
      isClosed = true;
      timer?.cancel();
      for (const client of clients.keys()) client.end();
    },
  };
}
