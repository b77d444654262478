/** Speaks to the running daemon: finds it and its token as the daemon itself found them, from configuration and environment. */

import { existsSync, readFileSync } from 'node:fs';
import { renderFault } from '../config/config-fault.js';
import { loadConfig } from '../config/load-config.js';
import type { Config } from '../config/schema.js';
import { describeError } from '../lib/describe-error.js';
import type { CommandContext } from './command-context.js';

export interface DaemonOptions {
  /** Of the daemon; else where its configuration says that it listens. */
  readonly url?: string | undefined;
  readonly config?: string | undefined;
}

/** What went wrong, in a line that says what to do. */
export class DaemonError extends Error {}

const DEFAULT_FILE = 'stagewatch.yaml';
const TIME_LIMIT_MS = 10_000;

/** The configuration that `serve` would use; throws DaemonError with every fault. */
export function readDaemonConfig(file: string | undefined, { env }: Pick<CommandContext, 'env'>): Config {
  const path = file ?? env['STAGEWATCH_CONFIG'] ?? (existsSync(DEFAULT_FILE) ? DEFAULT_FILE : undefined);
  const loaded = loadConfig({ file: path, env, readFile: (name) => readFileSync(name, 'utf8') });
  if (loaded.kind === 'ok') return loaded.config;
  throw new DaemonError(loaded.faults.map(renderFault).join('\n'));
}

export interface Daemon {
  get(path: string): Promise<unknown>;
  post(path: string, body: object): Promise<unknown>;
}

export function daemonAt(options: DaemonOptions, context: Pick<CommandContext, 'env'>): Daemon {
  const { listen, web } = readDaemonConfig(options.config, context);
  const isEverywhere = listen.host === undefined || listen.host === '0.0.0.0' || listen.host === '::';
  const host = isEverywhere ? '127.0.0.1' : listen.host;
  const shown = host.includes(':') ? `[${host}]` : host;
  const base = (options.url ?? `http://${shown}:${listen.port}`).replace(/\/$/, '');

  async function call(path: string, init: RequestInit): Promise<unknown> {
    let answer: { readonly status?: string; readonly data?: unknown; readonly error?: string };
    try {
      const response = await fetch(`${base}${path}`, { ...init, signal: AbortSignal.timeout(TIME_LIMIT_MS) });
      answer = (await response.json()) as typeof answer;
    } catch (error) {
      throw new DaemonError(
        `no stagewatch answers at ${base}: ${describeError(error)}; is it running, or is --url wrong?`,
      );
    }
    if (answer.status !== 'success') throw new DaemonError(answer.error ?? 'the daemon gave no answer');
    return answer.data;
  }

  return {
    get: (path) => call(path, {}),
    post(path, body) {
      const token = web.bearer_token;
      if (token === null) {
        throw new DaemonError(
          'no token: set web.bearer_token for the daemon, and here STAGEWATCH_WEB_BEARER_TOKEN or --config',
        );
      }
      const headers = { 'content-type': 'application/json', authorization: `Bearer ${token}` };
      return call(path, { method: 'POST', headers, body: JSON.stringify(body) });
    },
  };
}
