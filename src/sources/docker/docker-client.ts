/** Talks to one Docker Engine through dockerode's transport: every call bounded in time and size, every failure named. */

import type { IncomingMessage } from 'node:http';
import type { Clock } from '../../lib/clock.js';
import { withDeadline } from '../../lib/deadline.js';
import { errorCode } from '../../lib/describe-error.js';
import { SourceError } from '../source-error.js';
import type { EngineAddress } from './engine-address.js';
import type { EngineClock } from './engine-clock.js';
import { createEngineTransport, type EngineCall } from './engine-transport.js';
import { readBody } from './read-body.js';

export interface DockerClient {
  /** `1.41`: the version every call is made with. */
  readonly apiVersion: string;
  /** Podman, which speaks Docker's API in most, and tells of restarts in another order. */
  readonly isPodman: boolean;
  /** Parsed JSON of a GET; undefined when the engine answers 404. */
  getJson(call: EngineCall, maxBytes: number): Promise<unknown>;
  /** As `getJson`, on connections of its own: for answers that take the engine seconds and must keep no other waiting. */
  getJsonApart(call: EngineCall, maxBytes: number): Promise<unknown>;
  /** Opens a stream that lasts until `signal` aborts; only its beginning has a time limit. */
  openStream(call: EngineCall, signal: AbortSignal): Promise<IncomingMessage>;
  close(): void;
}

export interface DockerClientOptions {
  readonly address: EngineAddress;
  readonly clock: Clock;
  /** Learns from every answer. */
  readonly engineClock: EngineClock;
  /** Time limit of each call. */
  readonly timeLimitMs: number;
  readonly maxConnections: number;
  /** Ends every call and connection. */
  readonly signal: AbortSignal;
}

/** The newest API whose answers this code was written for; a newer engine is asked in this version. */
const MAX_API = [1, 47] as const;
const MIN_API = [1, 24] as const;
const MAX_PING_BYTES = 65_536;
/** A second and a little, in which the engine's clock ticks once. */
const MAX_CLOCK_READINGS = 24;
const CLOCK_READING_GAP_MS = 50;
const CLOCK_REST_MS = 60_000;
const MAX_ERROR_BYTES = 65_536;

/** Connects, checks that a Docker Engine answers, and agrees on an API version. Rejects with SourceError. */
export async function connectDocker(options: DockerClientOptions): Promise<DockerClient> {
  const { address, clock, engineClock, timeLimitMs, maxConnections } = options;
  const transport = await createEngineTransport(address, maxConnections);
  // A stream holds its connection for ever, a slow answer for seconds.
  const apartTransport = await createEngineTransport(address, Number.POSITIVE_INFINITY);

  function bounded<T>({ path }: EngineCall, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const abort = new AbortController();
    return withDeadline(work(abort.signal), {
      clock,
      limitMs: timeLimitMs,
      what: `GET ${path} of ${address.target}`,
      onExpired: () => abort.abort(),
    });
  }

  function get(call: EngineCall, maxBytes: number, through = transport): Promise<Answer> {
    return bounded(call, async (signal) => {
      const response = await retryOnce(async () => {
        const askedAtMs = clock.nowMs();
        const answer = await through.request(call, signal);
        engineClock.note({ date: answer.headers.date, askedAtMs, atMs: clock.nowMs() });
        return answer;
      });
      return { response, body: await readBody(response, maxBytes, `GET ${call.path}`) };
    });
  }

  function readJson(call: EngineCall, answer: Answer): unknown {
    const status = answer.response.statusCode;
    if (status === 404) return undefined;
    if (status !== 200) throw rejected(call, answer, address);
    return parseJson(answer.body, call);
  }

  function close(): void {
    options.signal.removeEventListener('abort', close);
    transport.destroy();
    apartTransport.destroy();
  }

  options.signal.addEventListener('abort', close);
  if (options.signal.aborted) close();
  const ping = () => get({ path: '/_ping' }, MAX_PING_BYTES);

  /** Asks until the engine's clock ticks: only that shows to less than a second how far it is off. */
  async function settleClock(): Promise<void> {
    for (let asked = 0; engineClock.isDoubtful && asked < MAX_CLOCK_READINGS; asked++) {
      await new Promise<void>((resolve) => clock.after(CLOCK_READING_GAP_MS, resolve));
      await ping();
    }
  }

  let settling: Promise<void> | undefined;
  let restsUntilMs = 0;
  /** Never rejects, and leaves an engine alone whose answers cannot agree. */
  function settleAgain(): Promise<void> | undefined {
    if (settling || !engineClock.isDoubtful || clock.monotonicMs() < restsUntilMs) return settling;
    settling = settleClock()
      .catch(() => undefined) // What cannot be asked now is asked with the next doubtful answer.
      .then(() => {
        settling = undefined;
        restsUntilMs = clock.monotonicMs() + CLOCK_REST_MS;
      });
    return settling;
  }

  let isPodman = false;
  const apiVersion = await ping()
    .then(async (answer) => {
      const version = readApiVersion(answer, address);
      isPodman = answer.response.headers['libpod-api-version'] !== undefined;
      // Before a first time is read.
      await settleClock();
      return version;
    })
    .catch((error: unknown) => {
      close();
      throw error;
    });
  transport.useVersion(apiVersion);
  apartTransport.useVersion(apiVersion);

  return {
    apiVersion,
    isPodman,
    async getJson(call, maxBytes) {
      const answer = await get(call, maxBytes);
      // The clock was set while the engine is watched.
      await settleAgain();
      return readJson(call, answer);
    },
    async getJsonApart(call, maxBytes) {
      return readJson(call, await get(call, maxBytes, apartTransport));
    },
    async openStream(call, signal) {
      const response = await bounded(call, (limit) =>
        apartTransport.request(call, AbortSignal.any([limit, signal])),
      );
      if (response.statusCode === 200) return response;
      const body = await bounded(call, () => readBody(response, MAX_ERROR_BYTES, `GET ${call.path}`));
      throw rejected(call, { response, body }, address);
    },
    close,
  };
}

interface Answer {
  readonly response: IncomingMessage;
  readonly body: Buffer;
}

/** A kept-alive connection may have been closed by the engine just as the request went out. */
async function retryOnce<T>(request: () => Promise<T>): Promise<T> {
  try {
    return await request();
  } catch (error) {
    if (errorCode(error) !== 'ECONNRESET') throw error;
    return request();
  }
}

function readApiVersion({ response, body }: Answer, address: EngineAddress): string {
  if (response.statusCode !== 200) throw rejected({ path: '/_ping' }, { response, body }, address);
  const text = String(response.headers['api-version'] ?? '');
  const [major, minor] = text.split('.').map(Number);
  if (major === undefined || minor === undefined || Number.isNaN(major + minor)) {
    throw new SourceError(
      'protocol',
      `${address.target} answers, but not as a Docker Engine: no Api-Version header`,
    );
  }
  if (isBelow([major, minor], MIN_API)) {
    throw new SourceError(
      'protocol',
      `${address.target} speaks API ${text}; at least ${MIN_API.join('.')} is needed`,
    );
  }
  return (isBelow(MAX_API, [major, minor]) ? MAX_API : [major, minor]).join('.');
}

function isBelow(one: readonly [number, number], other: readonly [number, number]): boolean {
  return one[0] < other[0] || (one[0] === other[0] && one[1] < other[1]);
}

function parseJson(body: Buffer, { path }: EngineCall): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch (error) {
    throw new SourceError('protocol', `GET ${path}: the answer is not JSON`, { cause: error });
  }
}

function rejected({ path }: EngineCall, { response, body }: Answer, address: EngineAddress): SourceError {
  const said = body.toString('utf8', 0, 300).trim();
  const what = `GET ${path} of ${address.target}: HTTP ${response.statusCode}`;
  if (response.statusCode === 403) {
    const remedy = 'behind a socket proxy, allow CONTAINERS, EVENTS and PING';
    return new SourceError('permission', `${what}; ${remedy}. ${said}`);
  }
  return new SourceError('rejected', said === '' ? what : `${what}: ${said}`);
}
