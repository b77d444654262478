/** Whether a channel delivers, since when it does not, and what that makes of it: a finding, told by the others. */

import type { AlertChannel } from '../config/alert-routes.js';
import type { KindJudgement } from '../detectors/finding-book.js';
import type { Clock } from '../lib/clock.js';
import { formatDuration } from '../lib/duration.js';

export interface ChannelHealth {
  readonly channel: AlertChannel;
  /** Attempts since the start of the daemon. */
  readonly counts: { readonly sent: number; readonly failed: number };
  /** Undefined while it delivers, or has had nothing to deliver. */
  readonly failure: ChannelFailure | undefined;
  sent(): void;
  /** Some recipients have it, and some do not. */
  sentToSome(problem: string): void;
  failed(problem: string): void;
  /** What it was told to do has changed: nothing is known of it. */
  forget(): void;
}

export interface ChannelFailure {
  readonly sinceMs: number;
  readonly attempts: number;
  /** Of the last attempt. */
  readonly problem: string;
}

/** `name` tells instances of one channel apart, and holds no secret. */
export function createChannelHealth(channel: AlertChannel, clock: Clock): ChannelHealth {
  let counts = { sent: 0, failed: 0 };
  let failure: ChannelFailure | undefined;

  function fail(problem: string): void {
    failure = { sinceMs: failure?.sinceMs ?? clock.nowMs(), attempts: (failure?.attempts ?? 0) + 1, problem };
  }

  return {
    channel,
    get counts() {
      return counts;
    },
    get failure() {
      return failure;
    },
    sent() {
      counts = { ...counts, sent: counts.sent + 1 };
      failure = undefined;
    },
    sentToSome(problem) {
      counts = { ...counts, sent: counts.sent + 1 };
      fail(problem);
    },
    failed(problem) {
      counts = { ...counts, failed: counts.failed + 1 };
      fail(problem);
    },
    forget() {
      failure = undefined;
    },
  };
}

/** A server that restarts is no news: a channel must fail for this long. */
const OPEN_AFTER_MS = 60_000;

/** By name of the channel or instance: `email`, `alertmanager http://am-1:9093`. */
export function judgeChannels(channels: ReadonlyMap<string, ChannelHealth>, nowMs: number): KindJudgement {
  const found = [...channels].flatMap(([name, { channel, failure }]) => {
    if (!failure || nowMs - failure.sinceMs < OPEN_AFTER_MS) return [];
    const { sinceMs, attempts, problem } = failure;
    return {
      kind: 'NotificationsFailing' as const,
      key: name,
      subject: { channel },
      summary: `${name} has delivered nothing whole for ${formatDuration(nowMs - sinceMs)}`,
      evidence: [
        `the last attempt: ${problem}`,
        attempts === 1 ? 'one attempt failed' : `${attempts} attempts in a row failed`,
      ],
      clearsWhen: 'A message is delivered whole.',
      beganAtMs: sinceMs,
    };
  });
  return { kind: 'NotificationsFailing', steadiness: { openAfterMs: 0, clearAfterMs: 0 }, found, unsure: [] };
}
