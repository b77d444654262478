/** How a command reaches a server: certificates, user and token, each from a file or the environment, never from an argument. */

import { readFileSync } from 'node:fs';
import type { Environment } from '../config/environment.js';
import { describeReadError } from '../lib/describe-error.js';
import { type ClientTls, createTlsFetch, type Fetch } from '../lib/tls-fetch.js';

export interface AccessOptions {
  readonly caFile?: string | undefined;
  readonly certFile?: string | undefined;
  readonly keyFile?: string | undefined;
  /** Holds `user:password`. */
  readonly userFile?: string | undefined;
  readonly tokenFile?: string | undefined;
}

export interface ServerAccess {
  readonly fetch: Fetch;
  readonly headers: Readonly<Record<string, string>>;
}

type Problem = { readonly problem: string };

/**
 * `url`: its user and password are taken when no other are given. `env`: undefined for servers that are not the daemon,
 * whose secrets are none of theirs. `tokens`: variables that may hold the token, the first that is set counts.
 */
export function readAccess(
  url: URL,
  options: AccessOptions,
  env: Environment = {},
  tokens: readonly string[] = [],
): ServerAccess | Problem {
  const tls = readTls(options, env);
  if ('problem' in tls) return tls;
  const user = readSecret('the user', options.userFile, env, ['STAGEWATCH_USER']);
  if ('problem' in user) return user;
  const token = readSecret('the token', options.tokenFile, env, tokens);
  if ('problem' in token) return token;
  if (user.value !== null && !user.value.includes(':')) {
    return { problem: `${user.from}: expected user:password` };
  }
  if (token.value !== null && !/^[\x21-\x7e]+$/.test(token.value)) {
    return { problem: `${token.from} holds no token` };
  }
  return { fetch: createTlsFetch(tls.pem), headers: headersFor(user.value ?? userOf(url), token.value) };
}

/** Where a user is asked for too, the token goes beside him. */
function headersFor(user: string | null, token: string | null): Readonly<Record<string, string>> {
  if (user === null) return token === null ? {} : { authorization: `Bearer ${token}` };
  const authorization = `Basic ${Buffer.from(user).toString('base64')}`;
  return { authorization, ...(token !== null && { 'x-stagewatch-token': token }) };
}

function userOf({ username, password }: URL): string | null {
  return username === '' && password === '' ? null : `${decode(username)}:${decode(password)}`;
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    // A lone percent sign, as people write it in passwords: taken as it stands.
    return part;
  }
}

const PEM_FILES = [
  ['ca', 'caFile', 'STAGEWATCH_CA_FILE'],
  ['cert', 'certFile', 'STAGEWATCH_CERT_FILE'],
  ['key', 'keyFile', 'STAGEWATCH_KEY_FILE'],
] as const;

function readTls(options: AccessOptions, env: Environment): { readonly pem: ClientTls } | Problem {
  const pem: Record<string, string> = {};
  for (const [name, option, variable] of PEM_FILES) {
    const path = options[option] ?? env[variable];
    if (!path) continue;
    const text = readText(path, 'the certificate or key');
    if ('problem' in text) return text;
    pem[name] = text.text;
  }
  return { pem };
}

type Secret = { readonly value: string | null; readonly from: string };

function readSecret(
  what: string,
  file: string | undefined,
  env: Environment,
  variables: readonly string[],
): Secret | Problem {
  if (file !== undefined) return readSecretFile(file, what);
  for (const variable of variables) {
    const direct = env[variable];
    // Empty ones are as if not set, as in the daemon's configuration.
    if (direct) return { value: direct, from: variable };
    const path = env[`${variable}_FILE`];
    if (path) return readSecretFile(path, what);
  }
  return { value: null, from: '' };
}

function readSecretFile(path: string, what: string): Secret | Problem {
  const text = readText(path, what);
  return 'problem' in text ? text : { value: text.text.replace(/\r?\n$/, ''), from: path };
}

function readText(path: string, what: string): { readonly text: string } | Problem {
  try {
    return { text: readFileSync(path, 'utf8') };
  } catch (error) {
    return { problem: `cannot read ${what} from ${path}: ${describeReadError(error)}` };
  }
}
