/**
 * Decides the status of a worker that reports no progress, by what the broker says that it holds and what the kernel says that
 * moves: at work, idle, slow; stuck when it has held a message for longer than the limit, and has used no CPU, disk or network
 * for as long, or its process cannot go on by itself.
 */

import type { BrokerHold } from '../fleet/hold-model.js';
import type { Halt } from '../fleet/process-model.js';
import type { Job } from '../fleet/progress-model.js';
import { counted } from '../lib/counted.js';
import { formatDuration } from '../lib/duration.js';
import type { StageLimits } from './verdicts.js';
import type { WorkerFacts, WorkerJudgement } from './worker-facts.js';

/** A worker whose library acks early is at work if it took a message so lately. */
const EARLY_ACK_MS = 60_000;
/** A process that cannot go on by itself is said so soon; a debugger or a slow disk may hold it for a moment. */
const HALTED_MS = 45_000;
/** Two readings of the CPU lie so far apart. */
const CPU_LAG_MS = 12_000;
const PROCESSES_FRESH_MS = 60_000;
const UNKNOWN_FACTOR = 2;
const BASIS = 'it reports no progress: this rests on what the broker and the kernel say of it';
const HALT_WORDS: Readonly<Record<Halt, string>> = {
  stopped: 'is stopped by a signal',
  disk: 'sleeps in the kernel, and cannot be interrupted',
};

/** The message in hand as a job; undefined: it holds none, or several, of which nobody knows which one it is at. */
export function jobOfHold(hold: BrokerHold | undefined, readAtMs: number): Job | undefined {
  if (hold?.reading !== 'job' || hold.sinceMs === undefined) return undefined;
  const { sinceMs } = hold;
  return { startedAtMs: sinceMs, lastProgressAtMs: sinceMs, lastHeartbeatAtMs: Math.max(sinceMs, readAtMs) };
}

export function judgeHold(hold: BrokerHold, facts: WorkerFacts): WorkerJudgement {
  const grip = gripOf(hold, facts);
  if (!grip) return hold.reading === 'reserved' ? judgeReserved(hold, facts) : judgeWithout(hold, facts);
  const { nowMs, lookedAtMs, upAgainAtMs = 0, limits } = facts;
  const silentMs = Math.max(0, lookedAtMs - Math.max(grip.sinceMs, upAgainAtMs));
  const standstill = judgeStandstill(grip, silentMs, facts);
  if (standstill !== undefined && standstill !== 'unsure') return { ...standstill, silentMs };
  const doubt = { silentMs, ...(standstill === 'unsure' && { isUncertain: true as const }) };
  const jobMs = Math.max(0, nowMs - grip.sinceMs);
  const words = `${grip.words} for ${formatDuration(jobMs)}`;
  if (grip.isJob && limits.slowJobMs !== undefined && jobMs > limits.slowJobMs) {
    const reason = `${words}, longer than ${formatDuration(limits.slowJobMs)}, twice what 99 in 100 take`;
    return { ...doubt, status: 'slow', reason, evidence: [reason, sayBasis(hold, nowMs)] };
  }
  // Without the time: a reason that changes at every look would be sent at every look.
  return { ...doubt, status: 'active', reason: grip.words, evidence: [] };
}

/** What it has in hand. */
interface Grip {
  readonly sinceMs: number;
  /** One message at a time: what it holds is its job. */
  readonly isJob: boolean;
  /** To go before `for 3m12s`. */
  readonly words: string;
}

function gripOf(hold: BrokerHold, { container }: WorkerFacts): Grip | undefined {
  const { sinceMs, lost, reading } = hold;
  if (sinceMs !== undefined && reading !== 'reserved') {
    return { sinceMs, isJob: reading === 'job', words: sayHeld(hold) };
  }
  // What a container run before has lost is none of this one's.
  if (lost?.reading !== 'job' || (container?.startedAtMs ?? 0) > lost.sinceMs) return undefined;
  const words = 'has been at a message that the broker took back with its lost connection';
  return { sinceMs: lost.sinceMs, isJob: true, words };
}

/** Undefined: it may go on; `unsure`: it is past the limit, and nobody knows whether anything moves. */
function judgeStandstill(
  grip: Grip,
  silentMs: number,
  facts: WorkerFacts,
): WorkerJudgement | 'unsure' | undefined {
  // Who takes several may hold some until they are enough, and do nothing meanwhile.
  if (!grip.isJob || silentMs < HALTED_MS) return undefined;
  const limit = holdLimit(facts.limits);
  const halt = haltSince(grip, facts);
  const limitMs = halt ? HALTED_MS : limit.ms;
  if (silentMs <= limitMs) return undefined;
  const neededMs = halt ? HALTED_MS - CPU_LAG_MS : limitMs - CPU_LAG_MS;
  const activity = facts.activity(neededMs, facts.worker);
  if (!activity.isStill || (activity.io !== 'still' && halt !== 'stopped')) {
    const isUnsure = !activity.isMoving && (activity.cpu === 'unknown' || activity.io === 'unknown');
    return isUnsure ? 'unsure' : undefined;
  }
  const held = `${grip.words} for ${formatDuration(silentMs)}`;
  const first = halt ? `${held}; its process ${HALT_WORDS[halt]}` : `${held}; limit ${limit.words}`;
  return {
    status: 'stuck',
    stuckBy: 'silence',
    reason: halt ? first : `${held}, and nothing else moves`,
    evidence: [first, ...activity.evidence, BASIS],
    isSuspect: true,
    ...(activity.stillSinceMs !== undefined && { stillSinceMs: activity.stillSinceMs }),
  };
}

/** Only what was seen after the message was taken tells of it. */
function haltSince({ sinceMs }: Grip, { processes, nowMs }: WorkerFacts): Halt | undefined {
  if (!processes || processes.atMs <= sinceMs || nowMs - processes.atMs > PROCESSES_FRESH_MS)
    return undefined;
  return processes.halt;
}

/** Jobs whose progress nobody knows are the rule here: as long as their durations are not known, twice the usual limit. */
export function holdLimit({
  slowJobMs,
  stallMs,
  origin,
}: Pick<StageLimits, 'slowJobMs' | 'stallMs' | 'origin'>): {
  readonly ms: number;
  readonly words: string;
} {
  if (origin === 'set') return { ms: stallMs, words: `${formatDuration(stallMs)} (set)` };
  if (slowJobMs !== undefined) {
    const ms = Math.max(slowJobMs, stallMs);
    return { ms, words: `${formatDuration(ms)} (learned from the durations of its jobs)` };
  }
  const ms = UNKNOWN_FACTOR * stallMs;
  return { ms, words: `${formatDuration(ms)} (twice the default, as durations of its jobs are not known)` };
}

function judgeWithout(
  { isConnected }: BrokerHold,
  { container, nowMs, startGraceMs, hasWorked }: WorkerFacts,
): WorkerJudgement {
  if (isConnected) return { status: 'idle', reason: 'holds no message', evidence: [] };
  const upMs = nowMs - (container?.startedAtMs ?? 0);
  return hasWorked || upMs >= startGraceMs
    ? { status: 'idle', reason: 'holds no message, and has no consumer at the broker', evidence: [] }
    : { status: 'starting', reason: 'no consumer at the broker yet', evidence: [] };
}

/** What it works on it has acked already: only that it goes on to take messages tells that it works. */
function judgeReserved(hold: BrokerHold, { nowMs }: WorkerFacts): WorkerJudgement {
  const { ackedAtMs, total } = hold;
  if (ackedAtMs !== undefined && nowMs - ackedAtMs < EARLY_ACK_MS) {
    return { status: 'active', reason: `took a message ${sayAgo(nowMs - ackedAtMs)}`, evidence: [] };
  }
  const reserved = total === 0 ? 'no message is reserved for it' : `${counted(total, 'message')} reserved`;
  const reason = `${reserved}; its library acks a message before the work, so only its progress tells: set progress.directory`;
  return { status: 'unknown', reason, evidence: [] };
}

/** `holds 1 message of q.ocr`. */
export function sayHeld({ total, unacked }: BrokerHold): string {
  const queues = unacked.flatMap(({ queue, count }) => (count > 0 && queue !== '' ? queue : []));
  const of = queues.length === 0 ? '' : ` of ${queues.join(', ')}`;
  return `holds ${counted(total, 'message')}${of}, none acked`;
}

function sayBasis({ ackedAtMs }: BrokerHold, nowMs: number): string {
  return ackedAtMs === undefined
    ? 'it has acked none since the daemon’s start'
    : `it acked the last one ${sayAgo(nowMs - ackedAtMs)}`;
}

function sayAgo(ms: number): string {
  return `${formatDuration(Math.max(0, ms))} ago`;
}
