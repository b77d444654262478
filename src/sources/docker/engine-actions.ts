/** Asks an engine about one container, and to restart it: every call bounded, every answer a value. A restart is never asked twice. */

import type { IncomingMessage } from 'node:http';
import type {
  ContainerLook,
  LogTail,
  LookAnswer,
  ProcessTable,
  Reading,
  RestartAnswer,
  RestartHow,
} from '../../fleet/engine-answers.js';
import type { Clock } from '../../lib/clock.js';
import { withDeadline } from '../../lib/deadline.js';
import { describeError, errorCode } from '../../lib/describe-error.js';
import { asList, asRecord, asText, optional } from '../../lib/shape.js';
import { failureReason } from '../source-error.js';
import type { EngineAddress } from './engine-address.js';
import { createEngineTransport, type EngineCall } from './engine-transport.js';
import { parseInspected } from './parse-container.js';
import { createLogTailReader } from './parse-logs.js';
import { PS_ARGS } from './processes/process-table.js';
import { readBody } from './read-body.js';

export interface EngineActions {
  look(id: string): Promise<LookAnswer>;
  logs(look: ContainerLook, bounds: LogBounds): Promise<Reading<LogTail>>;
  top(id: string): Promise<Reading<ProcessTable>>;
  /** Sends a signal to its first process. */
  signal(id: string, name: string): Promise<Reading<true>>;
  /** `container`: id or name. */
  restart(container: string, how: RestartHow): Promise<RestartAnswer>;
}

export interface LogBounds {
  readonly maxLines: number;
  readonly maxBytes: number;
  /** By the engine's clock; absent: whatever there is. */
  readonly sinceMs?: number;
}

export interface EngineActionsOptions {
  readonly reader: EngineAddress;
  readonly restarter: EngineAddress;
  readonly clock: Clock;
  /** Time limit of each call that reads. */
  readonly timeLimitMs: number;
}

const MAX_INSPECT_BYTES = 4 * 1024 * 1024;
const MAX_TOP_BYTES = 1024 * 1024;
const MAX_ERROR_BYTES = 65_536;
/** More than the engine keeps of so many lines; what comes beyond is not waited for. */
const MAX_LOG_READ_BYTES = 64 * 1024 * 1024;
const MAX_PROCESSES = 1000;
/**
 * Podman before 5 runs the `ps` of the container, and answers nothing where it has none; these columns it knows itself.
 * Later ones would take them for arguments of the host's `ps`, and tell of all its processes: they are never asked so.
 */
const PODMAN_4_COLUMNS = 'hpid,ppid,state,etime,args';
const MAX_SAID = 300;

export function createEngineActions(options: EngineActionsOptions): EngineActions {
  const { clock, timeLimitMs, reader, restarter } = options;

  /** On a connection of its own: one that was kept open may be closed just as the call goes out. */
  async function call<T>(
    to: { readonly address: EngineAddress; readonly limitMs: number },
    request: EngineCall,
    read: (response: IncomingMessage) => Promise<T>,
  ): Promise<T> {
    const { address, limitMs } = to;
    const transport = await createEngineTransport(address, 1);
    const abort = new AbortController();
    const what = `${request.method ?? 'GET'} ${request.path} of ${address.target}`;
    try {
      const work = transport.request(request, abort.signal).then(read);
      return await withDeadline(work, { clock, limitMs, what, onExpired: () => abort.abort() });
    } finally {
      transport.destroy();
      abort.abort();
    }
  }

  const get = <T>(request: EngineCall, read: (response: IncomingMessage) => Promise<T>): Promise<T> =>
    call({ address: reader, limitMs: timeLimitMs }, request, read);

  return {
    async look(id) {
      const request = { path: `${pathOf(id)}/json` };
      try {
        return await get(request, async (response) => {
          const body = await readBody(response, MAX_INSPECT_BYTES, request.path);
          if (response.statusCode === 404) return { kind: 'gone' };
          if (response.statusCode !== 200) return { kind: 'failed', problem: describeStatus(response, body) };
          return {
            kind: 'seen',
            look: parseLook(JSON.parse(body.toString('utf8')), aheadMs(response, clock)),
          };
        });
      } catch (error) {
        return { kind: 'failed', problem: describeError(error) };
      }
    },
    logs(look, bounds) {
      const since = bounds.sinceMs === undefined ? {} : { since: (bounds.sinceMs / 1000).toFixed(3) };
      const query = { stdout: true, stderr: true, timestamps: true, tail: bounds.maxLines, ...since };
      return reading(() =>
        get({ path: `${pathOf(look.id)}/logs`, query }, (response) =>
          ifOk(response, () => readLogs(response, { ...bounds, isTty: look.isTty })),
        ),
      );
    },
    async top(id) {
      let isEmpty = false;
      const ask = (psArgs?: string): Promise<Reading<ProcessTable>> => {
        const query = psArgs === undefined ? {} : { query: { ps_args: psArgs } };
        return reading(() =>
          get({ path: `${pathOf(id)}/top`, ...query }, (response) =>
            ifOk(response, async () => {
              const body = await readBody(response, MAX_TOP_BYTES, 'top');
              isEmpty = body.length === 0;
              return isEmpty ? { titles: [], rows: [] } : parseTop(body);
            }),
          ),
        );
      };
      const threads = await ask(PS_ARGS);
      if (isEmpty) return ask(PODMAN_4_COLUMNS);
      // An engine whose host has a `ps` of another kind knows its own columns only.
      return threads.kind === 'untold' ? ask() : threads;
    },
    signal(id, name) {
      const request = { method: 'POST', path: `${pathOf(id)}/kill`, query: { signal: name } } as const;
      return reading(() =>
        call({ address: restarter, limitMs: timeLimitMs }, request, async (response) => {
          const body = await readBody(response, MAX_ERROR_BYTES, request.path);
          return response.statusCode === 204
            ? { kind: 'read', value: true }
            : { kind: 'untold', problem: describeStatus(response, body) };
        }),
      );
    },
    async restart(container, { stopTimeoutMs, limitMs, isStopOnly = false }) {
      const query = { t: Math.ceil(stopTimeoutMs / 1000) };
      const verb = isStopOnly ? 'stop' : 'restart';
      const request = { method: 'POST', path: `${pathOf(container)}/${verb}`, query } as const;
      try {
        return await call({ address: restarter, limitMs }, request, async (response) => {
          const body = await readBody(response, MAX_ERROR_BYTES, request.path);
          return judgeRestart(response, body, verb);
        });
      } catch (error) {
        const wasSent = !NEVER_SENT.has(errorCode(error) ?? '') && failureReason(error) !== 'permission';
        return { kind: wasSent ? 'unanswered' : 'not_sent', problem: describeError(error) };
      }
    },
  };
}

const NEVER_SENT = new Set([
  'ENOENT',
  'ECONNREFUSED',
  'EACCES',
  'EPERM',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
]);

const pathOf = (container: string): string => `/containers/${encodeURIComponent(container)}`;

async function reading<T>(read: () => Promise<Reading<T>>): Promise<Reading<T>> {
  try {
    return await read();
  } catch (error) {
    return { kind: 'failed', problem: describeError(error) };
  }
}

/** An engine that answers with an error cannot tell, and will not be able to a moment later either. */
async function ifOk<T>(response: IncomingMessage, read: () => Promise<T>): Promise<Reading<T>> {
  if (response.statusCode === 200) return { kind: 'read', value: await read() };
  const body = await readBody(response, MAX_ERROR_BYTES, 'error');
  return { kind: 'untold', problem: describeStatus(response, body) };
}

function describeStatus({ statusCode }: IncomingMessage, body: Buffer): string {
  return describeError(`HTTP ${statusCode}: ${messageIn(body)}`);
}

function messageIn(body: Buffer): string {
  const text = body.toString('utf8').slice(0, MAX_SAID).trim();
  try {
    const said: unknown = JSON.parse(body.toString('utf8'));
    return asText(asRecord(said, 'answer')['message'], 'message').slice(0, MAX_SAID);
  } catch {
    // A proxy answers in its own words.
    return text;
  }
}

function judgeRestart(response: IncomingMessage, body: Buffer, verb: string): RestartAnswer {
  const status = response.statusCode ?? 0;
  // 304: it has ended already.
  if ((status >= 200 && status < 300) || status === 304) return { kind: 'done' };
  const message = messageIn(body);
  if (status === 404 && /no such container/i.test(message)) return { kind: 'gone' };
  const hint =
    status === 403 || status === 404 || status === 405
      ? `; a socket proxy must allow POST /containers/…/${verb}`
      : '';
  return { kind: 'rejected', status, problem: describeError(`HTTP ${status}: ${message}${hint}`) };
}

function aheadMs({ headers }: IncomingMessage, clock: Clock): number {
  const date = Date.parse(String(headers.date ?? ''));
  return Number.isNaN(date) ? 0 : date - clock.nowMs();
}

function readLogs(
  response: IncomingMessage,
  bounds: { readonly isTty: boolean; readonly maxLines: number; readonly maxBytes: number },
): Promise<LogTail> {
  const tail = createLogTailReader(bounds);
  return new Promise((resolve, reject) => {
    let bytes = 0;
    response.on('data', (chunk: Buffer) => {
      tail.push(chunk);
      bytes += chunk.length;
      if (bytes <= MAX_LOG_READ_BYTES) return;
      resolve({ ...tail.end(), isCut: true });
      response.destroy();
    });
    response.on('end', () => resolve(tail.end()));
    response.on('error', reject);
    response.on('close', () => reject(new Error('the log was cut off')));
  });
}

function parseTop(body: Buffer): ProcessTable {
  const { Titles, Processes } = asRecord(JSON.parse(body.toString('utf8')), 'top');
  const texts = (value: unknown, path: string): string[] => asList(value, path).map((one) => String(one));
  return {
    titles: texts(Titles, 'Titles'),
    rows: asList(Processes ?? [], 'Processes')
      .slice(0, MAX_PROCESSES)
      .map((row) => texts(row, 'Processes')),
  };
}

function parseLook(answer: unknown, clockAheadMs: number): ContainerLook {
  const { id, name, state, startedAtMs } = parseInspected(answer);
  const inspected = asRecord(answer, 'inspect');
  const config = asRecord(inspected['Config'] ?? {}, 'Config');
  const host = asRecord(inspected['HostConfig'] ?? {}, 'HostConfig');
  return {
    id,
    name,
    state,
    isTty: config['Tty'] === true,
    clockAheadMs,
    ...(startedAtMs !== undefined && { startedAtMs }),
    facts: {
      id,
      name,
      image: optional(config['Image'], 'Image', asText),
      imageId: optional(inspected['Image'], 'Image', asText),
      createdAt: inspected['Created'],
      state: inspected['State'],
      restartCount: inspected['RestartCount'],
      restartPolicy: host['RestartPolicy'],
      memoryLimitBytes: host['Memory'],
      devices: host['DeviceRequests'],
    },
  };
}
