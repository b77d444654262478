/**
 * Tells orchestrators within seconds of jobs whose worker is lost: when a container dies in the middle of a job and no
 * sentinel comes, a failure sentinel is written for it; the same for a stuck worker that is about to be restarted.
 */

import type { Config } from '../../config/schema.js';
import type { Container, Fleet } from '../../fleet/model.js';
import type { Observation } from '../../fleet/observations.js';
import type { Job } from '../../fleet/progress-model.js';
import type { Journal } from '../../journal/journal.js';
import type { Clock, Timer } from '../../lib/clock.js';
import { withDeadline } from '../../lib/deadline.js';
import { describeError } from '../../lib/describe-error.js';
import type { Logger } from '../../lib/logger.js';
import { describeLoss, type LostJob, renderFailureSentinel } from './lost-job.js';
import { isDeath, planFailureSentinel, wasInHand } from './plan-failure-sentinel.js';
import { type SentinelTarget, type WriteResult, writeFailureSentinel } from './write-sentinel.js';

export interface FailFast {
  /** Called with each observation after it was applied; returns at once. */
  notice(observation: Observation): void;
  /** Writes at once for the job of a stuck worker, before its container is restarted; never rejects. */
  beforeRestart(worker: StuckWorker): Promise<void>;
  /** Written since the daemon's start, by stage; one object, replaced on change. */
  readonly written: ReadonlyMap<string, number>;
  /** What still waits is dropped: JobOrphaned tells of it. */
  stop(): void;
}

/** `finding`: why it is stuck; one that a person restarts without being stuck has none, and its job is left alone. */
export interface StuckWorker {
  readonly identity: string;
  readonly finding?: { readonly summary: string };
}

export interface FailFastSettings {
  readonly recovery: {
    readonly write_failure_sentinels: boolean;
    readonly failure_sentinels_per_minute: number;
  };
  readonly sentinels: Pick<Config['sentinels'], 'root' | 'pattern'>;
}

export interface FailFastOptions {
  readonly fleet: Fleet;
  readonly settings: () => FailFastSettings;
  readonly journal: Pick<Journal, 'append'>;
  readonly clock: Clock;
  readonly log: Logger;
  readonly write?: (target: SentinelTarget, content: string) => Promise<WriteResult>;
}

/** A worker that was killed while it wrote its own sentinel, or has just written it, is given this long. */
const WAIT_MS = 2000;
const WRITE_LIMIT_MS = 10_000;
const RATE_WINDOW_MS = 60_000;
/** More deaths at one time than this are no work of single workers. */
const MAX_WAITING = 1000;
/** Stages beyond are counted together. */
const MAX_STAGES = 500;

/** A death that was seen; the job may still be unknown, as its file was written after the last sweep. */
interface Death {
  readonly worker: string;
  readonly container: Container;
  readonly startedAtMs: number | undefined;
  readonly job: Job | undefined;
  readonly stage: string | undefined;
}

export function createFailFast(options: FailFastOptions): FailFast {
  const { fleet, settings, journal, clock, log, write = writeFailureSentinel } = options;
  const waiting = new Set<Timer>();
  let written: ReadonlyMap<string, number> = new Map();
  let writtenAtMs: number[] = [];

  function notice(observation: Observation): void {
    if (observation.kind !== 'container-event' || observation.event.action !== 'die') return;
    if (!isAskedFor()) return;
    const found = [...fleet.containers].find(([, { id }]) => id === observation.event.id);
    if (!found) return;
    const [key, container] = found;
    const { lastEnd } = container;
    if (container.role !== 'worker' || !lastEnd || !isDeath(lastEnd) || waiting.size >= MAX_WAITING) return;
    const death = { worker: key, container, startedAtMs: container.startedAtMs, ...handsOf(key) };
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
  }: Death): Promise<void> {
    // An inspect may have told meanwhile that it was for want of memory, and the engine that it was a stop.
    const end = sameEnd(fleet.containers.get(worker), container.lastEnd?.atMs) ?? container.lastEnd;
    if (!end || !isDeath(end) || !isAskedFor()) return;
    const now = handsOf(worker);
    const job = [jobThen, now.job].find((one) => one && wasInHand(one, { startedAtMs, endedAtMs: end.atMs }));
    if (!job) return;
    const stage = isGuessed(worker) ? undefined : (now.stage ?? stageThen);
    await tell({
      worker,
      container: container.name,
      ...(stage !== undefined && { stage }),
      job,
      lostAtMs: end.atMs,
      cause: { kind: 'died', end },
    });
  }

  function isGuessed(worker: string): boolean {
    const container = fleet.containers.get(worker);
    return container?.isStageGuessed === true && !container.isStageTold;
  }

  async function tell(lost: LostJob): Promise<void> {
    const nowMs = clock.nowMs();
    const { recovery, sentinels } = settings();
    writtenAtMs = writtenAtMs.filter((atMs) => nowMs - atMs < RATE_WINDOW_MS);
    const plan = planFailureSentinel(lost, {
      fleet,
      pattern: sentinels.pattern,
      recentlyWritten: writtenAtMs.length,
      limit: recovery.failure_sentinels_per_minute,
    });
    if (plan.kind === 'refuse') {
      note(lost, { result: 'refused', reason: plan.reason, problem: plan.text });
      return;
    }
    // Counted before it is written: many at once must not all find room.
    writtenAtMs.push(nowMs);
    const target = { root: sentinels.root ?? '', folders: plan.folders, file: plan.file };
    const result = await withDeadline(write(target, renderFailureSentinel(lost)), {
      clock,
      limitMs: WRITE_LIMIT_MS,
      what: `writing a failure sentinel under ${target.root}`,
    }).catch((error: unknown): WriteResult => ({ kind: 'failed', problem: describeError(error) }));
    if (result.kind === 'written') count(lost.stage);
    else writtenAtMs.splice(writtenAtMs.indexOf(nowMs), 1);
    if (result.kind !== 'present') {
      note(
        lost,
        result.kind === 'written' ? { result: 'written' } : { result: 'failed', problem: result.problem },
      );
    }
  }

  function count(stage = 'unknown'): void {
    const label = written.has(stage) || written.size < MAX_STAGES ? stage : 'other';
    written = new Map(written).set(label, (written.get(label) ?? 0) + 1);
  }

  function note(
    lost: LostJob,
    outcome: { readonly result: string; readonly reason?: string; readonly problem?: string },
  ): void {
    const { container, stage, job } = lost;
    const fields = { container, stage, document: job.document, ...outcome };
    journal.append({ type: 'failure_sentinel', ...fields, error: describeLoss(lost) });
    if (outcome.result === 'written') log.warn(fields, 'failure sentinel written for a lost job');
    else log.warn(fields, 'no failure sentinel for a lost job');
  }

  return {
    notice,
    async beforeRestart({ identity: worker, finding }) {
      const { job, stage } = handsOf(worker);
      const container = fleet.containers.get(worker);
      if (!isAskedFor() || !finding || !job || !container) return;
      await tell({
        worker,
        container: container.name,
        ...(stage !== undefined && !isGuessed(worker) && { stage }),
        job,
        lostAtMs: clock.nowMs(),
        cause: { kind: 'stuck', summary: finding.summary },
      });
    },
    get written() {
      return written;
    },
    stop() {
      for (const timer of waiting) timer.cancel();
      waiting.clear();
    },
  };
}

function sameEnd(container: Container | undefined, atMs: number | undefined): Container['lastEnd'] {
  return container?.lastEnd?.atMs === atMs ? container?.lastEnd : undefined;
}
