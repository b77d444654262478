/**
 * Tells orchestrators within seconds of jobs whose worker is lost together with its message: when a container dies in the
 * middle of a job and no sentinel comes, a failure sentinel is written for it; the same for a stuck worker that is about
 * to be restarted. Where the broker delivers the message again nothing is written.
 */

import type { Container } from '../../fleet/model.js';
import type { Observation } from '../../fleet/observations.js';
import type { Job } from '../../fleet/progress-model.js';
import type { Queue } from '../../fleet/queue-model.js';
import type { Timer } from '../../lib/clock.js';
import { createLossFollower, type LossFollowerOptions, queueOf } from './follow-losses.js';
import type { LostJob } from './lost-job.js';
import { isDeath, wasInHand } from './plan-failure-sentinel.js';
import type { FailureSentinelCounts } from './sentinel-counts.js';

export interface FailFast {
  /** Called with each observation after it was applied; returns at once. */
  notice(observation: Observation): void;
  /** Writes at once for the job of a stuck worker, before its container is restarted; never rejects. */
  beforeRestart(worker: StuckWorker): Promise<void>;
  readonly counts: FailureSentinelCounts;
  /** A death of the last two seconds is dropped: JobOrphaned tells of it. Who waits for a message is kept for the next life. */
  stop(): void;
}

/** `finding`: why it is stuck; one that a person restarts without being stuck has none, and its job is left alone. */
export interface StuckWorker {
  readonly identity: string;
  readonly finding?: { readonly summary: string };
}

export type FailFastOptions = LossFollowerOptions;

/** A worker that was killed while it wrote its own sentinel, or has just written it, is given this long. */
const WAIT_MS = 2000;
/** How often those are tried again that a success may have overtaken while nobody watched. */
const WITHDRAW_EVERY_MS = 10 * 60_000;
/** More deaths at one time than this are no work of single workers. */
const MAX_WAITING = 1000;

/** A death that was seen; the job may still be unknown, as its file was written after the last sweep. */
interface Death {
  readonly worker: string;
  readonly container: Container;
  readonly startedAtMs: number | undefined;
  readonly job: Job | undefined;
  readonly stage: string | undefined;
  readonly unheld: Queue['unheld'];
}

export function createFailFast(options: FailFastOptions): FailFast {
  const { fleet, settings, clock } = options;
  const waiting = new Set<Timer>();
  const losses = createLossFollower(options);
  let withdrawnAtMs = Number.NEGATIVE_INFINITY;

  function withdrawLate(): void {
    const nowMs = clock.nowMs();
    if (settings().sentinels.root === null || nowMs - withdrawnAtMs < WITHDRAW_EVERY_MS) return;
    withdrawnAtMs = nowMs;
    losses.withdrawLate();
  }

  function notice(observation: Observation): void {
    if (observation.kind === 'sentinel-seen') losses.noteSentinel(observation.sentinel);
    const { kind } = observation;
    if (kind === 'source-read' && observation.source === 'sentinels') withdrawLate();
    if (!isAskedFor()) return;
    if (kind === 'broker-read') losses.review();
    if (kind === 'source-failed' && observation.source === 'rabbitmq' && !observation.isPartial)
      losses.noteAway();
    if (observation.kind === 'container-event' && observation.event.action === 'die')
      noticeDeath(observation);
  }

  function noticeDeath(observation: Extract<Observation, { kind: 'container-event' }>): void {
    const found = [...fleet.containers].find(([, { id }]) => id === observation.event.id);
    if (!found) return;
    const [key, container] = found;
    const { lastEnd } = container;
    if (container.role !== 'worker' || !lastEnd || !isDeath(lastEnd) || waiting.size >= MAX_WAITING) return;
    const hands = handsOf(key);
    const { unheld } = queueOf(fleet, hands.stage) ?? {};
    const death = { worker: key, container, startedAtMs: container.startedAtMs, ...hands, unheld };
    const timer = clock.after(WAIT_MS, () => {
      waiting.delete(timer);
      void settleDeath(death);
    });
    waiting.add(timer);
  }

  function isAskedFor(): boolean {
    const { recovery, sentinels } = settings();
    return recovery.write_failure_sentinels && sentinels.root !== null;
  }

  function handsOf(key: string): { readonly job: Job | undefined; readonly stage: string | undefined } {
    const worker = fleet.workers.get(key);
    return { job: worker?.job, stage: worker?.stage };
  }

  async function settleDeath({
    worker,
    container,
    startedAtMs,
    job: jobThen,
    stage: stageThen,
    unheld,
  }: Death): Promise<void> {
    // An inspect may have told meanwhile that it was for want of memory, and the engine that it was a stop.
    const end = sameEnd(fleet.containers.get(worker), container.lastEnd?.atMs) ?? container.lastEnd;
    if (!end || !isDeath(end) || !isAskedFor()) return;
    const now = handsOf(worker);
    const job = [jobThen, now.job].find((one) => one && wasInHand(one, { startedAtMs, endedAtMs: end.atMs }));
    if (!job) return;
    const stage = isGuessed(worker) ? undefined : (now.stage ?? stageThen);
    const lost: LostJob = {
      worker,
      container: container.name,
      ...(stage !== undefined && { stage }),
      job,
      lostAtMs: end.atMs,
      cause: { kind: 'died', end },
    };
    await losses.take(lost, unheld);
  }

  function isGuessed(worker: string): boolean {
    const container = fleet.containers.get(worker);
    return container?.isStageGuessed === true && !container.isStageTold;
  }

  return {
    notice,
    async beforeRestart({ identity: worker, finding }) {
      const { job, stage } = handsOf(worker);
      const container = fleet.containers.get(worker);
      if (!isAskedFor() || !finding || !job || !container) return;
      const lost: LostJob = {
        worker,
        container: container.name,
        ...(stage !== undefined && !isGuessed(worker) && { stage }),
        job,
        lostAtMs: clock.nowMs(),
        cause: { kind: 'stuck', summary: finding.summary },
      };
      await losses.take(lost, queueOf(fleet, stage)?.unheld);
    },
    get counts() {
      return losses.counts;
    },
    stop() {
      for (const timer of waiting) timer.cancel();
      waiting.clear();
      losses.stop();
    },
  };
}

function sameEnd(container: Container | undefined, atMs: number | undefined): Container['lastEnd'] {
  return container?.lastEnd?.atMs === atMs ? container?.lastEnd : undefined;
}
