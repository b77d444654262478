/** Asks a running daemon through its API, and says in words why there is no answer. */

import type { Environment } from '../config/environment.js';
import type { Clock } from '../lib/clock.js';
import { describeError, errorCode } from '../lib/describe-error.js';
import { FetchTextError, fetchText } from '../lib/fetch-text.js';
import { scrubCredentials } from '../lib/scrub.js';
import { type AccessOptions, readAccess } from './server-access.js';

export type ApiAnswer =
  | { readonly kind: 'ok'; readonly data: unknown }
  /** The daemon has no such thing: it is older, or the part is off. */
  | { readonly kind: 'absent' }
  | { readonly kind: 'failed'; readonly problem: string };

export interface DaemonApi {
  /** Without credentials, for messages. */
  readonly url: string;
  /** `path` begins with `/api/`; never rejects. */
  get(path: string): Promise<ApiAnswer>;
}

export interface DaemonApiOptions extends AccessOptions {
  /** Default: STAGEWATCH_URL, else the daemon's default address. */
  readonly url?: string | undefined;
}

/** What the daemon itself reads them from. */
const READING_TOKENS = ['STAGEWATCH_WEB_READ_TOKEN', 'STAGEWATCH_WEB_BEARER_TOKEN'];
const DEFAULT_DAEMON_URL = 'http://127.0.0.1:9847';
const TIME_LIMIT_MS = 10_000;
/** 10,000 containers are about 20 MB. */
const MAX_BYTES = 64 * 1024 * 1024;
const REMEDY = 'start it with "stagewatch serve", or name another with --url or STAGEWATCH_URL';

/** `problem`: the URL is none. */
export function createDaemonApi(
  options: DaemonApiOptions,
  env: Environment,
  clock: Clock,
): { readonly api: DaemonApi } | { readonly problem: string } {
  const given = options.url ?? env['STAGEWATCH_URL'] ?? DEFAULT_DAEMON_URL;
  const base = parseUrl(given);
  if (!base) {
    return { problem: `${scrubCredentials(given)} is no URL; expected one like ${DEFAULT_DAEMON_URL}` };
  }
  const access = readAccess(base, options, env, READING_TOKENS);
  if ('problem' in access) return access;
  const url = scrubCredentials(base.href).replace(/\/$/, '');
  const prefix = base.pathname.replace(/\/$/, '');
  return {
    api: {
      url,
      async get(path) {
        const target = new URL(base);
        const [pathname = '', search = ''] = path.split('?');
        target.pathname = `${prefix}${pathname}`;
        target.search = search;
        try {
          const text = await fetchText({
            url: target,
            clock,
            timeLimitMs: TIME_LIMIT_MS,
            maxBytes: MAX_BYTES,
            mediaTypes: ['application/json'],
            ...access,
          });
          return readEnvelope(text, url);
        } catch (error) {
          if (!(error instanceof FetchTextError)) throw error;
          return error.status === 404 ? { kind: 'absent' } : { kind: 'failed', problem: explain(error, url) };
        }
      },
    },
  };
}

function parseUrl(text: string): URL | undefined {
  try {
    const url = new URL(/^[a-z+]+:\/\//i.test(text) ? text : `http://${text}`);
    return url.protocol === 'http:' || url.protocol === 'https:' ? url : undefined;
  } catch {
    return undefined;
  }
}

function readEnvelope(text: string, url: string): ApiAnswer {
  try {
    const answer = JSON.parse(text) as { readonly status?: unknown; readonly data?: unknown } | null;
    if (answer?.status === 'success') return { kind: 'ok', data: answer.data };
  } catch {
    // Told below: it is not what the daemon answers.
  }
  return { kind: 'failed', problem: `what answers at ${url} is not stagewatch; ${REMEDY}` };
}

function explain(error: FetchTextError, url: string): string {
  if (error.kind === 'no-answer') {
    const cause =
      errorCode(error.cause) === 'ECONNREFUSED' ? 'nothing listens there' : describeError(error.cause);
    return `cannot reach the daemon at ${url}: ${cause}; ${remedyFor(error)}`;
  }
  if (error.status === 401 || error.status === 403) {
    return `the daemon at ${url} asks who you are: give --user-file (user:password) or --token-file, see docs/security.md`;
  }
  return `cannot read from the daemon at ${url}: ${describeError(error)}`;
}

const UNTRUSTED = /CERT|SIGNATURE|ISSUER/;

function remedyFor(error: FetchTextError): string {
  const code = errorCode(error.cause) ?? '';
  return UNTRUSTED.test(code) ? 'name the certificate of its authority with --ca-file' : REMEDY;
}
