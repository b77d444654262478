/**
 * Delivers the messages of one channel, one at a time and the oldest that is due first, with retries; what is wrong with
 * it holds up no other channel, and one message that a server defers holds up no other message.
 */

import { type Backoff, createBackoff } from '../lib/backoff.js';
import type { Clock, Timer } from '../lib/clock.js';
import { describeError } from '../lib/describe-error.js';
import type { Logger } from '../lib/logger.js';
import type { ChannelHealth } from './channel-health.js';
import type { Channel, DeliveryResult, OutgoingMessage } from './delivery.js';

export interface LaneEntry {
  readonly id: string;
  readonly createdAtMs: number;
  /** Called at every attempt, because what is known about the trouble may have grown. */
  readonly prepare: () => Promise<OutgoingMessage>;
}

export interface Settled {
  readonly id: string;
  readonly result: 'sent' | 'failed';
  readonly attempts: number;
  readonly problem?: string;
}

export interface Lane {
  /** Everything that waits now; what is not among it any more is forgotten, but for the one under way. */
  sync(entries: readonly LaneEntry[]): void;
  isUnderWay(id: string): boolean;
  /** What waits is tried again now: something about the channel has changed. */
  hurry(): void;
  /** Resolves when nothing is under way any more. */
  stop(): Promise<void>;
}

export interface LaneOptions {
  readonly channel: () => Channel;
  readonly health: ChannelHealth;
  readonly clock: Clock;
  readonly log: Logger;
  /** Uniform in [0, 1); injected so that tests are exact. */
  readonly random?: () => number;
  readonly giveUpAfterMs: () => number;
  readonly onSettled: (settled: Settled) => void;
}

interface Attempts {
  readonly backoff: Backoff;
  count: number;
  dueAtMs: number;
  /** Who is left, where some have it already. */
  to?: readonly string[];
  problem?: string;
}

const RETRY = { baseMs: 5000, maxMs: 5 * 60_000 };
/** A server that names a time is believed, up to this. */
const MAX_RETRY_AFTER_MS = 30 * 60_000;
/** A message that is under way when the daemon stops has this long. */
const STOP_GRACE_MS = 2000;

export function createLane(options: LaneOptions): Lane {
  const { health, clock, log, onSettled } = options;
  const tries = new Map<string, Attempts>();
  const ended = new AbortController();
  let entries: readonly LaneEntry[] = [];
  let underWay: string | undefined;
  let running: Promise<void> = Promise.resolve();
  let timer: Timer | undefined;

  function triesOf(id: string): Attempts {
    const random = options.random && { random: options.random };
    const known = tries.get(id) ?? { backoff: createBackoff({ ...RETRY, ...random }), count: 0, dueAtMs: 0 };
    tries.set(id, known);
    return known;
  }

  function look(): void {
    timer?.cancel();
    timer = undefined;
    if (underWay !== undefined || ended.signal.aborted) return;
    const nowMs = clock.nowMs();
    const due = entries.find(({ id }) => triesOf(id).dueAtMs <= nowMs);
    if (due) {
      underWay = due.id;
      running = attempt(due).then(look);
      return;
    }
    const nextMs = Math.min(...entries.map(({ id }) => triesOf(id).dueAtMs));
    if (Number.isFinite(nextMs)) timer = clock.after(Math.max(0, nextMs - nowMs), look);
  }

  /** Never rejects. */
  async function attempt(entry: LaneEntry): Promise<void> {
    const state = triesOf(entry.id);
    state.count++;
    let result: DeliveryResult;
    try {
      const message = await entry.prepare();
      const left = state.to ? { ...message, to: state.to } : message;
      result = await options.channel().deliver(left, ended.signal);
    } catch (error) {
      // A fault of ours with this message must not stop the others.
      log.error({ err: error, id: entry.id }, 'a message could not be made');
      result = { kind: 'rejected', problem: describeError(error) };
    }
    underWay = undefined;
    if (!ended.signal.aborted) take(entry, state, result);
  }

  function take(entry: LaneEntry, state: Attempts, result: DeliveryResult): void {
    const { id } = entry;
    if (result.kind === 'sent') {
      takeSent(entry, state, result);
      return;
    }
    const { problem } = result;
    health.failed(problem);
    state.problem = problem;
    const isTooOld = clock.nowMs() - entry.createdAtMs >= options.giveUpAfterMs();
    if (result.kind === 'rejected' || isTooOld) {
      log.error({ id, problem, attempts: state.count }, 'a message is given up');
      settle({ id, result: 'failed', attempts: state.count, problem });
      return;
    }
    const asked = result.kind === 'transient' ? (result.retryAfterMs ?? 0) : RETRY.maxMs;
    defer(state, asked);
  }

  function takeSent(
    { id }: LaneEntry,
    state: Attempts,
    { refused, later }: Extract<DeliveryResult, { kind: 'sent' }>,
  ): void {
    const [first] = [...refused, ...later];
    if (first) {
      const problem = `${first.to}: ${first.problem}`;
      log.warn(
        { id, to: [...refused, ...later].map(({ to }) => to), problem },
        'a mail was not taken for everybody',
      );
      health.sentToSome(problem);
    } else {
      health.sent();
    }
    if (later.length > 0 && state.count < MAX_PARTIAL_ATTEMPTS) {
      state.to = later.map(({ to }) => to);
      defer(state, 0);
      return;
    }
    settle({
      id,
      result: 'sent',
      attempts: state.count,
      ...(first && { problem: `${first.to}: ${first.problem}` }),
    });
    // The channel works: what waits for another try need not wait longer.
    if (!first) hurry();
  }

  function defer(state: Attempts, askedMs: number): void {
    const waitMs = Math.max(state.backoff.nextDelayMs(), Math.min(askedMs, MAX_RETRY_AFTER_MS));
    state.dueAtMs = clock.nowMs() + waitMs;
  }

  function settle(settled: Settled): void {
    entries = entries.filter(({ id }) => id !== settled.id);
    tries.delete(settled.id);
    onSettled(settled);
  }

  function hurry(): void {
    for (const state of tries.values()) state.dueAtMs = 0;
    look();
  }

  return {
    sync(next) {
      entries = next;
      const ids = new Set(next.map(({ id }) => id));
      for (const id of tries.keys()) if (!ids.has(id) && id !== underWay) tries.delete(id);
      look();
    },
    isUnderWay: (id) => underWay === id || tries.get(id)?.to !== undefined,
    hurry,
    async stop() {
      timer?.cancel();
      timer = undefined;
      entries = [];
      const grace = clock.after(STOP_GRACE_MS, () => ended.abort());
      await running;
      grace.cancel();
      ended.abort();
    },
  };
}

/** Some have it: those who are deferred again and again are not worth a mail to all. */
const MAX_PARTIAL_ATTEMPTS = 20;
