/** The multiplexed form of logs: eight bytes before each line say which stream it is of and how long it is; pure. */

import { toNanoIso, toNanos, type WallTime } from '../wall-time.js';
import { isOn } from './engine-protocol.js';
import type { LogLine } from './log-book.js';

export interface LogQuery {
  readonly stdout: boolean;
  readonly stderr: boolean;
  readonly follow: boolean;
  readonly timestamps: boolean;
  /** Nanoseconds. */
  readonly since: bigint;
  readonly until: bigint | undefined;
  /** Undefined: all. */
  readonly tail: number | undefined;
}

const STREAM_IDS = { stdout: 1, stderr: 2 } as const;
const HEADER_BYTES = 8;

export function parseLogQuery(params: URLSearchParams): LogQuery {
  const has = (name: string): boolean => isOn(params.get(name));
  const tail = Number(params.get('tail') || Number.NaN);
  const until = params.get('until');
  return {
    stdout: has('stdout'),
    stderr: has('stderr'),
    follow: has('follow'),
    timestamps: has('timestamps'),
    since: parseNanos(params.get('since')) ?? 0n,
    // A client that does not want a limit sends 0.
    until: until === '0' ? undefined : parseNanos(until),
    tail: Number.isInteger(tail) && tail >= 0 ? tail : undefined,
  };
}

/** Unix seconds with up to nine places, as in `1763900000.123456789`; undefined for anything else. */
export function parseNanos(text: string | null): bigint | undefined {
  const [, seconds, fraction = ''] = /^(\d{1,12})(?:\.(\d{1,9}))?$/.exec(text ?? '') ?? [];
  if (seconds === undefined) return undefined;
  return BigInt(seconds) * 1_000_000_000n + BigInt(fraction.padEnd(9, '0'));
}

export function isLineWanted(line: LogLine, query: LogQuery, time: WallTime): boolean {
  const nanos = toNanos(time.toWallMs(line.atMs));
  return query[line.stream] && nanos >= query.since && (query.until === undefined || nanos <= query.until);
}

export function renderFrame({ stream, atMs, text }: LogLine, query: LogQuery, time: WallTime): Buffer {
  const stamp = query.timestamps ? `${toNanoIso(time.toWallMs(atMs))} ` : '';
  const payload = Buffer.from(`${stamp}${text}\n`);
  const header = Buffer.alloc(HEADER_BYTES);
  header.writeUInt8(STREAM_IDS[stream], 0);
  header.writeUInt32BE(payload.length, 4);
  return Buffer.concat([header, payload]);
}
