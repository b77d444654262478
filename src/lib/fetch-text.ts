/** Reads the text behind a URL, or what answers a POST, within a time and a byte limit, and says in words what went wrong. */

import { answerWords } from './answer-words.js';
import type { Clock } from './clock.js';
import { DeadlineError, withDeadline } from './deadline.js';
import { describeError } from './describe-error.js';
import type { Fetch } from './tls-fetch.js';

export type FetchFailure =
  /** No connection, or none that lasted until the answer began; the cause has the system's code. */
  | 'no-answer'
  | 'timeout'
  /** The caller's signal. */
  | 'aborted'
  /** The connection broke, or the encoding was damaged, within the answer. */
  | 'cut-off'
  | 'redirect'
  /** An HTTP status other than 2xx: `status` holds it, and `retryAfterMs` when to come again if the server said so. */
  | 'status'
  | 'content-type'
  | 'too-large';

interface FetchTextErrorOptions extends ErrorOptions {
  readonly status?: number;
  readonly retryAfterMs?: number | undefined;
}

export class FetchTextError extends Error {
  readonly kind: FetchFailure;
  readonly status: number | undefined;
  readonly retryAfterMs: number | undefined;

  constructor(kind: FetchFailure, message: string, options?: FetchTextErrorOptions) {
    super(message, options);
    this.name = 'FetchTextError';
    this.kind = kind;
    this.status = options?.status;
    this.retryAfterMs = options?.retryAfterMs;
  }
}

export interface FetchTextOptions {
  /** http or https; its user and password go as basic auth and stand in no message. */
  readonly url: string | URL;
  readonly clock: Clock;
  /** For connection, headers and body together. */
  readonly timeLimitMs: number;
  /** Of the body after it is unpacked, so that a small packed answer cannot grow without limit. */
  readonly maxBytes: number;
  readonly signal?: AbortSignal;
  /** What is sent, by POST; absent: a GET. */
  readonly post?: { readonly body: string; readonly headers: Readonly<Record<string, string>> };
  /** Stands in messages in place of the URL, whose path may be a secret. */
  readonly name?: string;
  /** Media types that are accepted (`text/plain`); an answer that names none is accepted too. */
  readonly mediaTypes?: readonly string[];
  /** With certificates of its own; default: Node's. */
  readonly fetch?: Fetch;
  /** Win over the credentials of the URL. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** A refusal is a sentence; a page of megabytes is none. */
const MAX_REFUSAL_BYTES = 64 * 1024;

/** Resolves with the body read as UTF-8, rejects with FetchTextError. Redirects are not followed. */
export async function fetchText(options: FetchTextOptions): Promise<string> {
  const { clock, timeLimitMs, signal } = options;
  const request = toRequest(options);
  const ended = new AbortController();
  const abort = (): void => ended.abort();
  signal?.addEventListener('abort', abort, { once: true });
  if (signal?.aborted) abort();
  try {
    return await withDeadline(read(request, options, ended.signal), {
      clock,
      limitMs: timeLimitMs,
      what: request.what,
      onExpired: abort,
    });
  } catch (error) {
    if (error instanceof DeadlineError) throw new FetchTextError('timeout', error.message);
    if (signal?.aborted) throw new FetchTextError('aborted', `${request.what}: stopped`);
    throw error;
  } finally {
    signal?.removeEventListener('abort', abort);
    // Ends whatever is still open: a body that was refused would else hold its connection.
    abort();
  }
}

interface Request {
  readonly url: URL;
  /** `GET http://host:9400/metrics`, for messages. */
  readonly what: string;
  readonly authorization: string | undefined;
}

/** fetch refuses URLs with credentials, so they become a header. */
function toRequest({ url: given, post, name }: FetchTextOptions): Request {
  const url = new URL(given);
  const { username, password } = url;
  url.username = '';
  url.password = '';
  url.hash = '';
  const pair = `${decode(username)}:${decode(password)}`;
  return {
    url,
    what: `${post ? 'POST' : 'GET'} ${name ?? `${url.origin}${url.pathname}`}`,
    authorization: username || password ? `Basic ${Buffer.from(pair).toString('base64')}` : undefined,
  };
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    // A lone percent sign, as people write it in passwords: taken as it stands.
    return part;
  }
}

async function read(request: Request, options: FetchTextOptions, signal: AbortSignal): Promise<string> {
  const { url, what, authorization } = request;
  const { mediaTypes, maxBytes, post, fetch: send = fetch } = options;
  let response: Response;
  try {
    response = await send(url, {
      signal,
      ...(post && { method: 'POST', body: post.body }),
      // Not 'error': that would hide where the redirect leads.
      redirect: 'manual',
      headers: {
        accept: mediaTypes?.join(', ') ?? '*/*',
        ...(authorization !== undefined && { authorization }),
        ...options.headers,
        ...post?.headers,
      },
    });
  } catch (error) {
    throw new FetchTextError('no-answer', what, { cause: error });
  }
  checkHead(response, request, options);
  if (!response.ok)
    throw await refusalOf(response, { url: new URL(options.url), what, isPost: Boolean(post) });
  return readBody(response, what, maxBytes);
}

interface Refused {
  /** As it was given: what of it is secret must not come back in the server's words. */
  readonly url: URL;
  readonly what: string;
  readonly isPost: boolean;
}

/** What was posted was refused for a reason that the server alone knows: its words belong into the message. */
async function refusalOf(response: Response, { url, what, isPost }: Refused): Promise<FetchTextError> {
  const { status, headers } = response;
  const said = isPost ? answerWords(await readWords(response, what), url) : '';
  return new FetchTextError(
    'status',
    `${what}: answered with status ${status}${said === '' ? '' : `: ${said}`}`,
    {
      status,
      retryAfterMs: toWaitMs(headers.get('retry-after')),
    },
  );
}

/** Its status counts, whatever becomes of its words. */
async function readWords(response: Response, what: string): Promise<string> {
  try {
    return await readBody(response, what, MAX_REFUSAL_BYTES);
  } catch (error) {
    if (!(error instanceof FetchTextError)) throw error;
    return '';
  }
}

function checkHead({ status, headers, ok }: Response, { what }: Request, options: FetchTextOptions): void {
  const { mediaTypes, name } = options;
  if (status >= 300 && status < 400) {
    const location = headers.get('location');
    const where = location === null || name !== undefined ? '' : ` to ${describeError(location)}`;
    throw new FetchTextError(
      'redirect',
      `${what}: redirected${where}, which is not followed; set the final URL`,
    );
  }
  if (!ok) return;
  const mediaType = headers.get('content-type')?.split(';')[0]?.trim().toLowerCase() ?? '';
  if (mediaTypes && mediaType !== '' && !mediaTypes.includes(mediaType)) {
    const expected = mediaTypes.join(' or ');
    throw new FetchTextError(
      'content-type',
      `${what}: answered with ${describeError(mediaType)}, not ${expected}`,
    );
  }
}

/** Seconds, as those who limit rates send them; a date is not worth the trust in two clocks. */
function toWaitMs(retryAfter: string | null): number | undefined {
  return retryAfter !== null && /^\d{1,6}$/.test(retryAfter) ? Number(retryAfter) * 1000 : undefined;
}

async function readBody({ body }: Response, what: string, maxBytes: number): Promise<string> {
  if (body === null) return '';
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  const reader = body.getReader();
  for (;;) {
    let chunk: Awaited<ReturnType<typeof reader.read>>;
    try {
      chunk = await reader.read();
    } catch (error) {
      throw new FetchTextError('cut-off', `${what}: the answer was cut off`, { cause: error });
    }
    if (chunk.done) break;
    bytes += chunk.value.byteLength;
    if (bytes > maxBytes)
      throw new FetchTextError('too-large', `${what}: the answer is over ${maxBytes} bytes`);
    chunks.push(chunk.value);
  }
  // Not fatal: a byte that is not UTF-8 costs the label it stands in, not the page.
  return new TextDecoder().decode(Buffer.concat(chunks, bytes));
}
