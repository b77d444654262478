/**
 * Sees a lost job through: writes its failure sentinel once its message is surely gone, and nothing while the broker may
 * deliver that again; a sentinel that was written all the same is withdrawn when the document succeeds.
 */

import type { Config } from '../../config/schema.js';
import type { StageConfig } from '../../config/stages-section.js';
import { judgeMessage, type LostMessage } from '../../fleet/message-fate.js';
import type { Fleet } from '../../fleet/model.js';
import { isAnyDelayed } from '../../fleet/queue-kind.js';
import type { Queue } from '../../fleet/queue-model.js';
import type { SeenSentinel } from '../../fleet/sentinel-observations.js';
import type { Journal } from '../../journal/journal.js';
import type { Clock } from '../../lib/clock.js';
import { withDeadline } from '../../lib/deadline.js';
import { describeError } from '../../lib/describe-error.js';
import type { DurableSection } from '../../lib/durable-section.js';
import type { Logger } from '../../lib/logger.js';
import { describeLoss, type LostJob, renderFailureSentinel } from './lost-job.js';
import type { SentinelTarget } from './open-folder.js';
import { createOwnSentinels, type OwnSentinel } from './own-sentinels.js';
import { planFailureSentinel, type SentinelPlan } from './plan-failure-sentinel.js';
import { createSentinelCounter, type FailureSentinelCounts } from './sentinel-counts.js';
import { createWaitingLosses, type Following, isPictureWhole } from './waiting-losses.js';
import { type WithdrawResult, withdrawFailureSentinel } from './withdraw-sentinel.js';
import { type WriteResult, writeFailureSentinel } from './write-sentinel.js';

export interface FailFastSettings {
  readonly recovery: {
    readonly write_failure_sentinels: boolean;
    readonly failure_sentinels_per_minute: number;
  };
  readonly sentinels: Pick<Config['sentinels'], 'root' | 'pattern'>;
  readonly stages: readonly Pick<StageConfig, 'id' | 'redelivers'>[];
}

export interface LossFollower {
  readonly counts: FailureSentinelCounts;
  /** `unheld`: the last time before the loss at which no consumer of its queue held a message. Never rejects. */
  take(lost: LostJob, unheld: Queue['unheld']): Promise<void>;
  /** The broker was read again: those that wait are decided anew. */
  review(): void;
  /** The broker cannot be read from now on: no consumer takes a message meanwhile. */
  noteAway(): void;
  /** Tries those sentinels of ours again that may be withdrawn by now. */
  withdrawLate(): void;
  /** A sentinel of the document has come. */
  noteSentinel(seen: Pick<SeenSentinel, 'outcome' | 'stage' | 'document'>): void;
  stop(): void;
}

export interface LossFollowerOptions {
  readonly fleet: Fleet;
  readonly settings: () => FailFastSettings;
  readonly journal: Pick<Journal, 'append'>;
  readonly section: DurableSection;
  /** Of those that wait for their message; loaded at the first use, when the state file is open. */
  readonly waitingSection: DurableSection;
  /** How long a job of the stage takes at most, as far as is known. */
  readonly longestJobMs: (stage: string) => number | undefined;
  readonly clock: Clock;
  readonly log: Logger;
  readonly write?: (target: SentinelTarget, content: string) => Promise<WriteResult>;
  readonly withdraw?: (target: SentinelTarget, hash: string) => Promise<WithdrawResult>;
}

const WRITE_LIMIT_MS = 10_000;
const RATE_WINDOW_MS = 60_000;
/** A message that was not taken up by then is told by other findings. */
const FOLLOWED_MS = 6 * 3_600_000;
/** A consumer of a fast stage may need this long to come back. */
const MIN_TAKE_MS = 60_000;
/** Documents whose losses are counted. */
const MAX_COUNTED = 5000;

export function createLossFollower(options: LossFollowerOptions): LossFollower {
  const { fleet, settings, journal, clock, log, write = writeFailureSentinel } = options;
  const counter = createSentinelCounter();
  const waiting = createWaitingLosses({
    section: options.waitingSection,
    keyOf: ({ lost }) => keyOfLost(lost),
    clock,
  });
  const losses = new Map<string, number>();
  const own = createOwnSentinels({
    section: options.section,
    withdraw: options.withdraw ?? withdrawFailureSentinel,
    onResult: noteWithdrawal,
  });
  let writtenAtMs: number[] = [];
  let awaySinceMs: number | undefined;
  let isReviewed = false;
  let isStopped = false;

  function awayFor({ lostAtMs }: LostJob): number {
    return awaySinceMs === undefined ? 0 : Math.max(0, clock.nowMs() - Math.max(awaySinceMs, lostAtMs));
  }

  function countLoss(key: string): number {
    const count = (losses.get(key) ?? 0) + 1;
    losses.delete(key);
    losses.set(key, count);
    const oldest = losses.keys().next();
    if (losses.size > MAX_COUNTED && !oldest.done) losses.delete(oldest.value);
    return count;
  }

  function planFor(following: Following): SentinelPlan {
    const { lost, message } = following;
    const nowMs = clock.nowMs();
    const { recovery, sentinels, stages } = settings();
    writtenAtMs = writtenAtMs.filter((atMs) => nowMs - atMs < RATE_WINDOW_MS);
    const config = stages.find(({ id }) => id === lost.stage);
    const facts = {
      queue: queueOf(fleet, lost.stage),
      isAnyDelayed: isAnyDelayed(fleet.queues.values()),
      broker: fleet.broker,
      nowMs,
    };
    const fate = judgeMessage(
      { ...message, awayMs: following.awayMs },
      {
        ...facts,
        health: fleet.sources.get('rabbitmq'),
        isRedelivered: config?.redelivers ?? null,
      },
    );
    const rate = {
      recentlyWritten: writtenAtMs.length,
      limit: recovery.failure_sentinels_per_minute,
    };
    return planFailureSentinel(lost, { fleet, pattern: sentinels.pattern, ...rate, fate });
  }

  async function decide(key: string, following: Following): Promise<void> {
    const { lost } = following;
    const plan = planFor(following);
    if (plan.kind === 'write') {
      waiting.drop(key);
      await writeFor(lost, plan);
      return;
    }
    if (plan.kind === 'refuse') waiting.drop(key);
    // Said once for each reason: it may be decided often.
    if (following.reason === plan.reason) return;
    following.reason = plan.reason;
    if (plan.kind !== 'refuse') waiting.keep(key, following);
    counter.addNotWritten(plan.reason, lost.stage);
    const result = plan.kind === 'refuse' ? 'refused' : 'waits';
    note(lost, { result, reason: plan.reason, problem: plan.text });
  }

  async function writeFor(lost: LostJob, plan: Extract<SentinelPlan, { kind: 'write' }>): Promise<void> {
    const nowMs = clock.nowMs();
    // Counted before it is written: many at once must not all find room.
    writtenAtMs.push(nowMs);
    const target = { root: settings().sentinels.root ?? '', folders: plan.folders, file: plan.file };
    const content = renderFailureSentinel(lost);
    const result = await withDeadline(write(target, content), {
      clock,
      limitMs: WRITE_LIMIT_MS,
      what: `writing a failure sentinel under ${target.root}`,
    }).catch((error: unknown): WriteResult => ({ kind: 'failed', problem: describeError(error) }));
    if (result.kind !== 'written') writtenAtMs.splice(writtenAtMs.indexOf(nowMs), 1);
    if (result.kind === 'present') return;
    if (result.kind === 'failed') {
      note(lost, { result: 'failed', problem: result.problem });
      return;
    }
    counter.add('written', lost.stage);
    const { container, stage, job } = lost;
    if (job.document !== undefined) {
      own.remember(
        { document: job.document, container, ...(stage !== undefined && { stage }), target },
        content,
      );
    }
    note(lost, { result: 'written', because: plan.because });
  }

  function noteWithdrawal({ container, stage, document }: OwnSentinel, result: WithdrawResult): void {
    if (result.kind === 'not_ours') return;
    const fields = { container, ...(stage !== undefined && { stage }), document };
    if (result.kind === 'failed') {
      const outcome = { result: 'not_withdrawn', problem: result.problem };
      journal.append({ type: 'failure_sentinel', ...fields, ...outcome });
      log.warn({ ...fields, ...outcome }, 'a failure sentinel cannot be withdrawn');
      return;
    }
    counter.add('withdrawn', stage);
    journal.append({ type: 'failure_sentinel', ...fields, result: 'withdrawn' });
    log.info(fields, 'failure sentinel withdrawn: the document has succeeded');
  }

  function note(
    lost: LostJob,
    outcome: { readonly result: string } & Readonly<Record<string, string>>,
  ): void {
    const { container, stage, job } = lost;
    const fields = { container, stage, document: job.document, ...outcome };
    journal.append({ type: 'failure_sentinel', ...fields, error: describeLoss(lost) });
    if (outcome.result === 'written') log.warn(fields, 'failure sentinel written for a lost job');
    else if (outcome.result === 'waits') log.info(fields, 'no failure sentinel yet for a lost job');
    else if (outcome['reason'] === 'taken_up') log.info(fields, 'a lost job was taken up again');
    else log.warn(fields, 'no failure sentinel for a lost job');
  }

  return {
    get counts() {
      return counter.counts;
    },
    async take(lost, unheld) {
      const key = keyOfLost(lost);
      const longestMs = lost.stage === undefined ? undefined : options.longestJobMs(lost.stage);
      const neededMs =
        longestMs === undefined ? undefined : timeToTake(longestMs, queueOf(fleet, lost.stage));
      const message: LostMessage = {
        startedAtMs: lost.job.startedAtMs,
        lostAtMs: lost.lostAtMs,
        losses: countLoss(key),
        ...(unheld && { unheld }),
        ...(neededMs !== undefined && { neededMs }),
      };
      await decide(key, { lost, message, awayMs: 0 });
    },
    noteAway() {
      awaySinceMs ??= clock.nowMs();
    },
    withdrawLate: () => void own.tryAll(),
    review() {
      if (isStopped) return;
      // While the daemon was down, too, no one saw whether a consumer could take them.
      if (!isReviewed) awaySinceMs = waiting.unseenSinceMs ?? awaySinceMs;
      isReviewed = true;
      for (const following of waiting.all.values()) following.awayMs += awayFor(following.lost);
      awaySinceMs = undefined;
      const isKnown = isPictureWhole(fleet);
      for (const [key, following] of waiting.all) {
        if (following.isRestored && !isKnown) continue;
        if (clock.nowMs() - following.lost.lostAtMs > FOLLOWED_MS) waiting.drop(key);
        else void decide(key, following);
      }
    },
    noteSentinel({ outcome, stage, document }) {
      // Other stages of the document tell nothing of this one.
      const isByStage = settings().sentinels.pattern.includes('{stage}');
      for (const [key, { lost }] of waiting.all) {
        const isSame = lost.job.document === document && (!isByStage || lost.stage === stage);
        if (document !== undefined && isSame) waiting.drop(key);
      }
      // Its message has ended; the same document comes again as a new one.
      if (document !== undefined) losses.delete(keyOf(stage, document));
      if (outcome === 'success') void own.succeeded(document);
    },
    stop() {
      // They are kept for the next daemon run.
      isStopped = true;
    },
  };
}

export function queueOf({ queues }: Pick<Fleet, 'queues'>, stage: string | undefined): Queue | undefined {
  if (stage === undefined) return undefined;
  for (const queue of queues.values()) if (queue.stage === stage) return queue;
  return undefined;
}

function keyOfLost({ stage, job, worker }: LostJob): string {
  return keyOf(stage, job.document ?? worker);
}

function keyOf(stage: string | undefined, name: string): string {
  return `${stage ?? ''}\n${name}`;
}

/**
 * A message that is taken back waits for those before it, one job of the stage after the other. Undefined: nobody knows
 * how many there are.
 */
function timeToTake(longestMs: number, queue: Queue | undefined): number | undefined {
  const { ready, consumers } = queue ?? {};
  if (!ready || !consumers) return undefined;
  return Math.max(MIN_TAKE_MS, longestMs * (1 + Math.ceil(ready.value / Math.max(1, consumers.value))));
}
