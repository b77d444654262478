/** Digests of secrets under a key of this process: they are compared and remembered in place of the secrets. */

import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';

const KEY = randomBytes(32);

/** Of one length whatever the secret, so that neither its length nor its beginning can be timed. */
export function digestOf(...parts: readonly string[]): string {
  const hmac = createHmac('sha256', KEY);
  // With its length before it, so that two lists of parts never are the same text.
  for (const part of parts) hmac.update(`${part.length}:${part}`);
  return hmac.digest('base64');
}

export function isSameSecret(given: string, expected: string): boolean {
  return timingSafeEqual(Buffer.from(digestOf(given)), Buffer.from(digestOf(expected)));
}
