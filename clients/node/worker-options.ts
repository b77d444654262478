/** What a worker may be told, and which of it cannot work. */

import { readFileSync } from 'node:fs';
import { UsageError } from './errors.js';
import { errorText } from './files.js';
import type { JobReporter } from './job.js';
import type { Message } from './message.js';

export type Handler = (message: Message, job: JobReporter) => unknown;
export type Log = (level: 'info' | 'warn' | 'error', text: string) => void;

/** Every option is described in docs/worker-kit.md. */
export interface WorkerOptions {
  readonly queue: string;
  /** An async function, or the URL of a module that exports `handle`, which then runs in a thread of its own. */
  readonly handler: Handler | URL;
  readonly url?: string;
  readonly stage?: string;
  readonly sentinel?: string;
  readonly prefetch?: number;
  readonly lateAck?: boolean;
  readonly retry?: boolean | ((error: unknown) => boolean);
  readonly maxDeliveries?: number;
  readonly retryDelayMs?: number;
  readonly stopTimeoutMs?: number;
  readonly sentinelPatienceMs?: number;
  readonly durable?: boolean;
  readonly declare?: Readonly<Record<string, unknown>>;
  readonly documentField?: string;
  readonly progress?: string;
  readonly name?: string;
  readonly heartbeatS?: number;
  readonly log?: Log;
}

export const DEFAULTS = {
  prefetch: 1,
  lateAck: true,
  retry: false,
  retryDelayMs: 10_000,
  stopTimeoutMs: 8000,
  sentinelPatienceMs: 600_000,
  durable: true,
  documentField: 'document',
  heartbeatS: 30,
} as const;

/** `url`, else `STAGEWATCH_RABBITMQ_AMQP_URL` or the file that `…_FILE` names, else `AMQP_URL`. */
export function brokerUrl(url: string | undefined): string {
  const key = 'STAGEWATCH_RABBITMQ_AMQP_URL';
  const { [key]: direct, [`${key}_FILE`]: file, AMQP_URL } = process.env;
  const found = url || direct || (file ? readUrlFile(file, key) : AMQP_URL);
  if (!found)
    throw new UsageError(`no broker: pass url, or set ${key} to amqp://user:password@host:5672/vhost`);
  if (!URL.canParse(found) || !/^amqps?:$/.test(new URL(found).protocol))
    throw new UsageError('the broker URL cannot be read: expected amqp://user:password@host:5672/vhost');
  return found;
}

function readUrlFile(file: string, key: string): string {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (error) {
    throw new UsageError(`${key}_FILE names ${file}, which cannot be read: ${errorText(error)}`);
  }
}

export function checkOptions({ queue, handler, prefetch = 1, retry, maxDeliveries }: WorkerOptions): void {
  if (typeof queue !== 'string' || queue === '')
    throw new UsageError('no queue: pass queue, the name of the queue that this worker serves');
  if (typeof handler !== 'function' && !(handler instanceof URL))
    throw new UsageError(
      'no handler: pass handler, a function of (message, job), or the URL of a module that exports one',
    );
  if (!Number.isInteger(prefetch) || prefetch < 1 || prefetch > 65_535)
    throw new UsageError('prefetch must be 1 to 65535; 1 is right for jobs of more than a second');
  if (maxDeliveries !== undefined && !(Number.isInteger(maxDeliveries) && maxDeliveries >= 1))
    throw new UsageError('maxDeliveries must be a whole number, 1 or more');
  if (retry && maxDeliveries === undefined)
    throw new UsageError('retry needs maxDeliveries, or a job that always fails runs for ever');
}

export function checkNumbers(options: Readonly<Record<string, unknown>>): void {
  for (const name of ['retryDelayMs', 'stopTimeoutMs', 'sentinelPatienceMs', 'heartbeatS']) {
    const value = options[name];
    if (typeof value !== 'number' || !(value >= 0))
      throw new UsageError(`${name} must be a number, 0 or more; it is ${JSON.stringify(value)}`);
  }
}
