/** One bounded HTTP GET from a broker's plugin, with failures that say what to do. */

import { errorCode } from '../../lib/describe-error.js';
import { SourceError } from '../source-error.js';
import type { HttpAddress } from './broker-address.js';

export interface HttpGet {
  readonly address: HttpAddress;
  /** From the base on, with its query. */
  readonly path: string;
  readonly maxBytes: number;
  readonly signal: AbortSignal;
  /** The option to mend when the broker refuses: `rabbitmq.metrics_url`. */
  readonly option: string;
  /** What must be enabled for the path to exist: `rabbitmq_prometheus`. */
  readonly plugin: string;
}

/** The whole body as text; rejects with SourceError. */
export async function httpGet(get: HttpGet): Promise<string> {
  const { address, path, signal } = get;
  const headers = address.authorization === undefined ? {} : { authorization: address.authorization };
  let response: Response;
  try {
    response = await fetch(address.base + path, { headers, signal, redirect: 'manual' });
  } catch (error) {
    throw explain(error, get);
  }
  if (response.status !== 200) {
    throw refusal(response.status, await reasonIn(response, get), get);
  }
  try {
    return await readText(response, get);
  } catch (error) {
    if (error instanceof SourceError) throw error;
    throw explain(error, get);
  }
}

async function readText(response: Response, { maxBytes, address }: HttpGet): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  const body: AsyncIterable<Uint8Array> | null = response.body;
  for await (const chunk of body ?? []) {
    bytes += chunk.length;
    // Leaving the loop cancels the rest.
    if (bytes > maxBytes)
      throw new SourceError(
        'protocol',
        `${address.base}: the answer is over ${maxBytes} bytes: it lists too many queues; give the pipeline a vhost of its own`,
      );
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

const MAX_REFUSAL_BYTES = 4096;
const REASON = /"reason":"([^"]{1,200})"/;

/** The broker's own words for why: `Not monitor user`. */
async function reasonIn(response: Response, get: HttpGet): Promise<string> {
  try {
    return REASON.exec(await readText(response, { ...get, maxBytes: MAX_REFUSAL_BYTES }))?.[1] ?? '';
  } catch {
    // Without its words the status alone has to do.
    return '';
  }
}

function refusal(status: number, reason: string, { address, option, plugin }: HttpGet): SourceError {
  const { base, user } = address;
  const said = reason === '' ? `HTTP ${status}` : reason;
  if (status === 401 || status === 403) {
    const who = user === undefined ? 'it wants a user' : `the user ${user} is refused (${said})`;
    const remedy = `check name and password in ${option}, the user's tag monitoring and its access to the vhost`;
    return new SourceError('permission', `${base}: ${who}; ${remedy}`);
  }
  if (status === 404) {
    const remedy = `check the vhost and ${option}, and that plugin ${plugin} is enabled (RabbitMQ 3.10 or later)`;
    return new SourceError('rejected', `${base}: not found; ${remedy}`);
  }
  if (status >= 300 && status < 400)
    return new SourceError('rejected', `${base}: redirects elsewhere; set ${option} to the final address`);
  return new SourceError('rejected', `${base}: ${said}`);
}

function explain(error: unknown, { address, option, plugin }: HttpGet): Error {
  if (errorCode(error) === 'ECONNREFUSED') {
    const remedy = `is RabbitMQ running, with plugin ${plugin}? Else correct ${option}`;
    return new SourceError('unreachable', `nothing listens at ${address.base}; ${remedy}`);
  }
  return new Error(`reading ${address.base}`, { cause: error });
}
