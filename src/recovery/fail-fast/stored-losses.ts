/** Lost jobs that wait for their message as JSON and back; what of it is not of the expected shape is left out. */

import type { LostMessage } from '../../fleet/message-fate.js';
import { asList, asNumber, asRecord, asText, type JsonRecord, ShapeError } from '../../lib/shape.js';
import type { LostJob } from './lost-job.js';

/** What is remembered of one over a restart of the daemon. */
export interface WaitingLoss {
  readonly lost: LostJob;
  readonly message: LostMessage;
  /** Of the time since the loss: for how long the broker was away. */
  readonly awayMs: number;
  /** Why it waited when that was said last. */
  readonly reason?: string;
}

export interface StoredLosses {
  /** Until when the life before surely watched. */
  readonly atMs: number;
  readonly waiting: readonly WaitingLoss[];
}

export function storeLosses(waiting: Iterable<WaitingLoss>, atMs: number): StoredLosses {
  return {
    atMs,
    waiting: [...waiting].map(({ lost, message, awayMs, reason }) => ({
      lost,
      message,
      awayMs,
      ...(reason !== undefined && { reason }),
    })),
  };
}

export function readLosses(saved: unknown): StoredLosses | undefined {
  return parsed(() => {
    const fields = asRecord(saved, 'lost jobs');
    const atMs = asNumber(fields['atMs'], 'atMs');
    const waiting = asList(fields['waiting'], 'waiting').flatMap((one) => parsed(() => readOne(one)) ?? []);
    return { atMs, waiting };
  });
}

function parsed<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    // Of another version, or torn: it is told by JobOrphaned, as before.
    if (error instanceof ShapeError) return undefined;
    throw error;
  }
}

function readOne(value: unknown): WaitingLoss {
  const fields = asRecord(value, 'loss');
  const lost = asRecord(fields['lost'], 'lost');
  const message = asRecord(fields['message'], 'message');
  checkLost(lost);
  numbers(message, ['startedAtMs', 'lostAtMs', 'losses']);
  const { reason } = fields;
  return {
    lost: lost as unknown as LostJob,
    message: message as unknown as LostMessage,
    awayMs: asNumber(fields['awayMs'], 'awayMs'),
    ...(typeof reason === 'string' && { reason }),
  };
}

/** The parts that a decision or a sentinel rests on. */
function checkLost(lost: JsonRecord): void {
  asText(lost['worker'], 'worker');
  asText(lost['container'], 'container');
  asText(lost['stage'] ?? '', 'stage');
  asNumber(lost['lostAtMs'], 'lostAtMs');
  const job = asRecord(lost['job'], 'job');
  numbers(job, ['startedAtMs', 'lastProgressAtMs', 'lastHeartbeatAtMs']);
  asText(job['document'] ?? '', 'document');
  const cause = asRecord(lost['cause'], 'cause');
  if (cause['kind'] === 'died') asText(asRecord(cause['end'], 'end')['reason'], 'reason');
  else asText(cause['summary'], 'summary');
}

function numbers(fields: JsonRecord, names: readonly string[]): void {
  for (const name of names) asNumber(fields[name], name);
}
