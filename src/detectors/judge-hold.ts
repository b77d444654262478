/**
 * Decides the status of a worker that reports no progress, by what the broker says that it holds: at work, idle, slow. Never
 * stuck: how far its job is, the broker does not know.
 */

import type { Hold } from '../fleet/hold-model.js';
import type { Job } from '../fleet/progress-model.js';
import { counted } from '../lib/counted.js';
import { formatDuration } from '../lib/duration.js';
import type { WorkerFacts, WorkerJudgement } from './worker-facts.js';

/** A worker whose library acks early is at work if it took a message so lately. */
const EARLY_ACK_MS = 60_000;

/** The message in hand as a job; undefined: it holds none, or several, of which nobody knows which one it is at. */
export function jobOfHold(hold: Hold | undefined, readAtMs: number): Job | undefined {
  if (hold?.reading !== 'job' || hold.sinceMs === undefined) return undefined;
  const { sinceMs } = hold;
  return { startedAtMs: sinceMs, lastProgressAtMs: sinceMs, lastHeartbeatAtMs: Math.max(sinceMs, readAtMs) };
}

export function judgeHold(hold: Hold, facts: WorkerFacts): WorkerJudgement {
  if (hold.reading === 'reserved') return judgeReserved(hold, facts);
  if (hold.sinceMs === undefined) return judgeWithout(hold, facts);
  const { nowMs, lookedAtMs, limits } = facts;
  const heldMs = Math.max(0, lookedAtMs - hold.sinceMs);
  const silent = { silentMs: heldMs };
  const jobMs = Math.max(0, nowMs - hold.sinceMs);
  if (hold.reading === 'job' && limits.slowJobMs !== undefined && jobMs > limits.slowJobMs) {
    const reason = `${sayHeld(hold)} for ${formatDuration(jobMs)}, longer than ${formatDuration(limits.slowJobMs)}, twice what 99 in 100 take`;
    return { ...silent, status: 'slow', reason, evidence: [reason, sayBasis(hold, nowMs)] };
  }
  return {
    ...silent,
    status: 'active',
    reason: `${sayHeld(hold)} for ${formatDuration(jobMs)}`,
    evidence: [],
  };
}

function judgeWithout(
  { isConnected }: Hold,
  { container, nowMs, startGraceMs, hasWorked }: WorkerFacts,
): WorkerJudgement {
  if (isConnected) return { status: 'idle', reason: 'holds no message', evidence: [] };
  const upMs = nowMs - (container?.startedAtMs ?? 0);
  return hasWorked || upMs >= startGraceMs
    ? { status: 'idle', reason: 'holds no message, and has no consumer at the broker', evidence: [] }
    : { status: 'starting', reason: 'no consumer at the broker yet', evidence: [] };
}

/** What it works on it has acked already: only that it goes on to take messages tells that it works. */
function judgeReserved(hold: Hold, { nowMs }: WorkerFacts): WorkerJudgement {
  const { ackedAtMs, total } = hold;
  if (ackedAtMs !== undefined && nowMs - ackedAtMs < EARLY_ACK_MS) {
    return { status: 'active', reason: `took a message ${sayAgo(nowMs - ackedAtMs)}`, evidence: [] };
  }
  const reserved = total === 0 ? 'no message is reserved for it' : `${counted(total, 'message')} reserved`;
  const reason = `${reserved}; its library acks a message before the work, so only its progress tells: set progress.directory`;
  return { status: 'unknown', reason, evidence: [] };
}

/** `holds 1 message of q.ocr`. */
export function sayHeld({ total, unacked }: Hold): string {
  const queues = unacked.flatMap(({ queue, count }) => (count > 0 && queue !== '' ? queue : []));
  const of = queues.length === 0 ? '' : ` of ${queues.join(', ')}`;
  return `holds ${counted(total, 'message')}${of}, none acked`;
}

function sayBasis({ ackedAtMs }: Hold, nowMs: number): string {
  return ackedAtMs === undefined
    ? 'it has acked none since the daemon’s start'
    : `it acked the last one ${sayAgo(nowMs - ackedAtMs)}`;
}

function sayAgo(ms: number): string {
  return `${formatDuration(Math.max(0, ms))} ago`;
}
