/** Asks a running daemon to do something: a POST with the token, and its answer or, in words, why there is none. */

import { hostname } from 'node:os';
import type { Environment } from '../config/environment.js';
import { type Clock, systemClock } from '../lib/clock.js';
import { withDeadline } from '../lib/deadline.js';
import { describeError, errorCode } from '../lib/describe-error.js';
import { scrubCredentials } from '../lib/scrub.js';
import type { DaemonApiOptions } from './daemon-api.js';
import { readAccess, type ServerAccess } from './server-access.js';

export type PostOptions = DaemonApiOptions;

export interface PostRequest {
  /** `/api/v1/…` */
  readonly path: string;
  readonly body: unknown;
  readonly timeLimitMs: number;
}

export type PostAnswer =
  | { readonly kind: 'done'; readonly data: unknown }
  /** One line, ready to be shown. */
  | { readonly kind: 'failed'; readonly problem: string };

const DEFAULT_URL = 'http://127.0.0.1:9847';
/** What the daemon itself reads it from. */
const TOKEN = 'STAGEWATCH_WEB_BEARER_TOKEN';
const NO_TOKEN =
  `this needs the daemon's token, web.bearer_token of its configuration: name its file with --token-file, ` +
  `or set ${TOKEN}_FILE or ${TOKEN}`;

/** Never rejects. */
export async function postToDaemon(
  request: PostRequest,
  options: PostOptions,
  env: Environment,
  clock: Clock = systemClock,
): Promise<PostAnswer> {
  const given = options.url ?? env['STAGEWATCH_URL'] ?? DEFAULT_URL;
  const base = parseBase(given);
  if (!base) return failed(`${scrubCredentials(given)} is no URL; expected one like ${DEFAULT_URL}`);
  const access = readAccess(base, options, env, [TOKEN]);
  if ('problem' in access) return failed(access.problem);
  if (!hasToken(access)) return failed(NO_TOKEN);
  const target = `${base.origin}${base.pathname.replace(/\/$/, '')}${request.path}`;
  const abort = new AbortController();
  try {
    const sending = send(target, request.body, { ...access, signal: abort.signal });
    const onExpired = (): void => abort.abort();
    return await withDeadline(sending, { clock, limitMs: request.timeLimitMs, what: target, onExpired });
  } catch (error) {
    const isDown = errorCode(error) === 'ECONNREFUSED';
    const why = isDown ? 'nothing listens there' : describeError(error);
    return failed(
      `cannot reach the daemon at ${base.origin}: ${why}; name another with --url or STAGEWATCH_URL`,
    );
  }
}

/** Who asks, for the journal: `ada@host`. */
export function whoAsks(env: Environment): string {
  return `${env['SUDO_USER'] ?? env['USER'] ?? env['LOGNAME'] ?? 'somebody'}@${hostname()}`;
}

const failed = (problem: string): PostAnswer => ({ kind: 'failed', problem });

function hasToken({ headers }: ServerAccess): boolean {
  return 'x-stagewatch-token' in headers || (headers['authorization'] ?? '').startsWith('Bearer ');
}

function parseBase(text: string): URL | undefined {
  const url = /^https?:\/\//i.test(text) ? text : `http://${text}`;
  return URL.canParse(url) ? new URL(url) : undefined;
}

async function send(
  target: string,
  body: unknown,
  { fetch, headers, signal }: ServerAccess & { readonly signal: AbortSignal },
): Promise<PostAnswer> {
  const response = await fetch(new URL(target), {
    method: 'POST',
    redirect: 'error',
    signal,
    headers: { ...headers, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  const answer = readEnvelope(await response.text());
  if (!answer) return failed(`what answers at ${target} is not stagewatch (HTTP ${response.status})`);
  if (answer.status === 'success') return { kind: 'done', data: answer.data };
  return failed(String(answer.error));
}

function readEnvelope(text: string) {
  try {
    const value = JSON.parse(text) as { status?: unknown; data?: unknown; error?: unknown } | null;
    return value?.status === 'success' || value?.status === 'error' ? value : undefined;
  } catch {
    // Told by the caller: it is not what the daemon answers.
    return undefined;
  }
}
