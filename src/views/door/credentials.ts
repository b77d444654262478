/** Reads what a request shows of itself: a token, a user with a password, or both. */

import type { IncomingHttpHeaders } from 'node:http';

export interface Credentials {
  /** From `Authorization: Bearer`, or from the header beside it where that one has user and password. */
  readonly token: string | null;
  readonly basic: { readonly user: string; readonly password: string } | null;
}

/** Where a browser or proxy fills `Authorization` with a user, the token comes by this header. */
const TOKEN_HEADER = 'x-stagewatch-token';

const MAX_LENGTH = 4096;

export function readCredentials(headers: IncomingHttpHeaders): Credentials {
  const authorization = headers.authorization ?? '';
  const beside = headers[TOKEN_HEADER];
  if (authorization.length > MAX_LENGTH) return { token: null, basic: null };
  const bearer = /^Bearer +(\S.*)$/i.exec(authorization)?.[1]?.trimEnd();
  const token = typeof beside === 'string' && beside !== '' ? beside : bearer;
  return { token: token ?? null, basic: readBasic(authorization) };
}

function readBasic(authorization: string): Credentials['basic'] {
  const encoded = /^Basic +([A-Za-z0-9+/_=-]+)$/i.exec(authorization)?.[1];
  if (encoded === undefined) return null;
  const pair = Buffer.from(encoded, 'base64').toString('utf8');
  const colon = pair.indexOf(':');
  return colon < 0 ? null : { user: pair.slice(0, colon), password: pair.slice(colon + 1) };
}
