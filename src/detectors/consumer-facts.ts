/** Says of the queue of a stage whether workers are passed over: consumers are missing, or messages wait beside idle workers. */

import type { Queue } from '../fleet/queue-model.js';

export interface StageFacts {
  /** Running: each of them should be a consumer, or will be. */
  expected: number;
  /** Those that have a job in hand. */
  busy: number;
  /** Of these, the stuck: their consumer may be gone with what stopped them. */
  stuck: number;
  /** They may be consumers, or not yet. */
  starting: number;
  /** They run, and nobody knows at what: they may be consumers. */
  unknown: number;
  readonly idle: string[];
}

export interface Neglect {
  readonly queue: string;
  readonly ready: number;
  readonly consumers: number;
  readonly expected: number;
  /** Messages wait while consumers are missing. */
  readonly isShort: boolean;
  /** There are fewer consumers than workers that are through with starting. */
  readonly isMissing: boolean;
  /** Messages wait, or are held by none that is at work, while workers are idle. */
  readonly isWaiting: boolean;
  /** More messages are in hand than workers tell of: one that looks idle may hold one. */
  readonly isHeld: boolean;
  /** So many more. */
  readonly held: number;
  /** Else a worker that tells of its job late may hold a message, and nobody would know. */
  readonly isUnackedKnown: boolean;
}

/** One that became idle a moment ago may have taken a message since its file was looked at. */
const JUST_IDLE_MS = 15_000;

/**
 * A consumer that is idle takes a waiting message at once; one that does not is none. A worker may hold a message before it
 * reports a job, and while one does nobody is accused. Undefined: the broker does not say, or has not been read.
 */
export function neglectOf(
  queue: Queue | undefined,
  { expected, busy, starting, idle }: StageFacts,
  idleMs: (key: string) => number,
): Neglect | undefined {
  if (!queue?.ready || !queue.consumers) return undefined;
  const { ready, consumers, unacked, name } = queue;
  const justIdle = idle.filter((key) => idleMs(key) < JUST_IDLE_MS).length;
  const held = Math.max(0, (unacked?.value ?? 0) - busy);
  return {
    queue: name,
    ready: ready.value,
    consumers: consumers.value,
    expected,
    isShort: ready.value > 0 && consumers.value < expected,
    isMissing: consumers.value < expected - starting,
    isWaiting: idle.length > 0 && (ready.value > 0 || held > justIdle),
    isHeld: held > justIdle,
    held,
    isUnackedKnown: unacked !== undefined,
  };
}

/** The broker has the queue, and its answers lack what a consumer's loss shows by. */
export function isUnreported(queue: Queue | undefined): boolean {
  return queue !== undefined && queue.status !== 'missing' && !(queue.ready && queue.consumers);
}
