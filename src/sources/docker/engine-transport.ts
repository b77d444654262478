/** The home of dockerode: sends one request to the engine and hands back the raw response, without judging it. */

import { readFile } from 'node:fs/promises';
import {
  Agent as HttpAgent,
  request as httpRequest,
  type IncomingMessage,
  type RequestOptions,
} from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { errorCode } from '../../lib/describe-error.js';
import { SourceError } from '../source-error.js';
import type { EngineAddress } from './engine-address.js';

export interface EngineCall {
  /** Default GET. A POST goes without a body. */
  readonly method?: 'GET' | 'POST';
  readonly path: string;
  /** Objects go as JSON, as the engine wants its filters. */
  readonly query?: Readonly<Record<string, unknown>>;
}

export interface EngineTransport {
  /** Rejects when there is no response at all; aborting `signal` ends request and response. */
  request(call: EngineCall, signal: AbortSignal): Promise<IncomingMessage>;
  /** `1.41`; until it is given, calls go without a version. */
  useVersion(version: string): void;
  destroy(): void;
}

/** The part of docker-modem that is used; its published types leave it open. */
interface Modem {
  version?: string;
  dial(options: DialOptions, callback: (error: unknown, response: IncomingMessage) => void): void;
  /** Called by `dial` with what it has made of address, version and query. */
  buildRequest(
    request: RequestOptions,
    options: DialOptions,
    body: unknown,
    callback: (error: unknown, response?: IncomingMessage) => void,
  ): void;
}

interface DialOptions {
  readonly path: string;
  readonly options?: Record<string, unknown>;
  readonly method: string;
  readonly signal: AbortSignal;
}

export async function createEngineTransport(
  address: EngineAddress,
  maxConnections: number,
): Promise<EngineTransport> {
  const agentOptions = { keepAlive: true, maxSockets: maxConnections };
  const isTls = address.protocol === 'https';
  const agent = isTls ? new HttpsAgent(agentOptions) : new HttpAgent(agentOptions);
  const send = isTls ? httpsRequest : httpRequest;
  const modem = await createModem(address, agent);
  let isDestroyed = false;
  // The library's own way waits for ever on a response that is cut off, reads without a limit, follows redirects, and
  // prints all options of each request for a debug line nobody sees, which took a third of the time of an inspect.
  modem.buildRequest = (request, { signal }, _body, callback) => {
    send({ ...request, signal })
      .on('response', (response) => callback(null, response))
      .on('error', callback)
      .end();
  };
  return {
    request: ({ method = 'GET', path, query }, signal) =>
      new Promise((resolve, reject) => {
        if (isDestroyed) {
          // A destroyed agent would open new connections.
          reject(new SourceError('interrupted', `the connection to ${address.target} was closed`));
          return;
        }
        const dial: DialOptions = {
          // The library adds the query only behind a question mark.
          path: query ? `${path}?` : path,
          // Apart from the query, or the library makes a body of it.
          ...(query && { options: { _query: { ...query }, _body: {} } }),
          method,
          signal,
        };
        modem.dial(dial, (error, response) => (error ? reject(explain(error, address)) : resolve(response)));
      }),
    useVersion(version) {
      modem.version = `v${version}`;
    },
    destroy() {
      isDestroyed = true;
      agent.destroy();
    },
  };
}

async function createModem(address: EngineAddress, agent: HttpAgent): Promise<Modem> {
  // Loaded late: the library takes half a second and 20 MB that other commands need not pay.
  const { default: Docker } = await import('dockerode');
  const { ca, cert, key } = address.tls;
  const [caPem, certPem, keyPem] = await Promise.all([readPem(ca), readPem(cert), readPem(key)]);
  // Every field is given, because those left out would be filled from DOCKER_HOST.
  const docker = new Docker({
    socketPath: address.socketPath,
    host: address.host,
    port: address.port,
    protocol: address.protocol,
    ca: caPem,
    cert: certPem,
    key: keyPem,
    agent,
    timeout: undefined,
    pathPrefix: '/',
  } as ConstructorParameters<typeof Docker>[0]);
  const modem: object = docker.modem;
  return modem as Modem;
}

async function readPem(path: string | undefined): Promise<string | undefined> {
  if (path === undefined) return undefined;
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    throw new SourceError('permission', `cannot read ${path}`, { cause: error });
  }
}

function explain(error: unknown, { target }: EngineAddress): Error {
  const code = errorCode(error);
  if (code === 'EACCES' || code === 'EPERM') {
    const remedy = 'add the user to the group that owns the socket (usually: usermod -aG docker USER)';
    return new SourceError('permission', `no permission to use ${target}; ${remedy}`, { cause: error });
  }
  if (code === 'ENOENT') {
    const remedy = 'is the Docker Engine running? Set docker.host if its socket is elsewhere';
    return new SourceError('unreachable', `no socket at ${target}; ${remedy}`, { cause: error });
  }
  if (code === 'ECONNREFUSED') {
    const remedy = 'is the Docker Engine running?';
    return new SourceError('unreachable', `nothing listens at ${target}; ${remedy}`, { cause: error });
  }
  return new Error(`calling ${target}`, { cause: error });
}
