/** A fetch with certificates of one's own: Node's takes them from the environment of the whole process only. */

import type { IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { pipeline, Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';

/** PEM texts. */
export interface ClientTls {
  /** Authorities that are trusted in place of the public ones. */
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
}

interface FetchInit {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly signal?: AbortSignal;
  readonly redirect?: 'manual' | 'error';
}

/** The part of fetch that is used here; a redirect is never followed. */
export type Fetch = (url: URL, init: FetchInit) => Promise<Response>;

const WITHOUT_BODY: ReadonlySet<number> = new Set([204, 205, 304]);

/** Plain HTTP goes by Node's own fetch. */
export function createTlsFetch(tls: ClientTls): Fetch {
  return (url, init) => (url.protocol === 'https:' ? fetchByTls(url, init, tls) : fetch(url, init));
}

function fetchByTls(
  url: URL,
  { method = 'GET', headers, body, signal }: FetchInit,
  tls: ClientTls,
): Promise<Response> {
  return new Promise((resolve, reject) => {
    const options = { ...tls, method, agent: false, ...(signal && { signal }) };
    const request = httpsRequest(
      url,
      { ...options, headers: { ...headers, 'accept-encoding': 'gzip' } },
      (response) => resolve(toResponse(response)),
    );
    request.on('error', reject);
    request.end(body);
  });
}

function toResponse(response: IncomingMessage): Response {
  const { statusCode: status = 502, headers } = response;
  const named = Object.entries(headers).flatMap(([name, value]): [string, string][] =>
    value === undefined ? [] : [[name, String(value)]],
  );
  if (WITHOUT_BODY.has(status)) {
    response.resume();
    return new Response(null, { status, headers: named });
  }
  // An error of either ends the body with it.
  const body =
    headers['content-encoding'] === 'gzip' ? pipeline(response, createGunzip(), () => undefined) : response;
  return new Response(Readable.toWeb(body) as ReadableStream, { status, headers: named });
}
