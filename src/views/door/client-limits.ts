/** How long a client may take to send a request and to read its answer: who takes longer is cut off. */

import type { ServerOptions } from 'node:http';
import type { RequestHandler } from 'express';

export interface ClientLimits {
  /** For the head of a request. */
  readonly headMs: number;
  /** For all of a request. */
  readonly requestMs: number;
  /** Without reading anything of an answer. */
  readonly unreadMs: number;
}

export const CLIENT_LIMITS: ClientLimits = { headMs: 10_000, requestMs: 30_000, unreadMs: 30_000 };

const CHECK_EVERY_MS = 1000;

/** Half a request is answered with status 408 and closed. */
export function serverOptionsOf({ headMs, requestMs }: ClientLimits): ServerOptions {
  return {
    headersTimeout: headMs,
    requestTimeout: requestMs,
    connectionsCheckingInterval: Math.min(CHECK_EVERY_MS, headMs),
  };
}

/** Counts from when the answer is whole: how long it takes to make one is no fault of its client. */
export function cutOffUnread({ unreadMs }: ClientLimits): RequestHandler {
  return (_request, response, next) => {
    response.once('prefinish', () => response.setTimeout(unreadMs, () => response.destroy()));
    next();
  };
}
