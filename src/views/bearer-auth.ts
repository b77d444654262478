/** Lets a POST through only with the configured bearer token. */

import { createHash, timingSafeEqual } from 'node:crypto';
import type { RequestHandler } from 'express';
import { sendError } from './api-envelope.js';

/** Hashed first, so that neither the token's length nor its beginning can be timed. */
function isSame(given: string, expected: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given), digest(expected));
}

/** `token` is asked for at each request, because a reload may change it. */
export function requireBearerToken(token: () => string | null): RequestHandler {
  return (request, response, next) => {
    const expected = token();
    if (expected === null) {
      sendError(response, 'forbidden', 'no token is configured; set web.bearer_token to allow this');
      return;
    }
    const given = /^Bearer (.+)$/i.exec(request.headers.authorization ?? '')?.[1];
    if (given === undefined || !isSame(given, expected)) {
      response.set('www-authenticate', 'Bearer');
      sendError(response, 'unauthorized', 'the bearer token is missing or wrong');
      return;
    }
    next();
  };
}
