/** Jobs whose container died under them, until a sentinel comes, another worker takes the document, or long after. */

import type { Container } from '../fleet/model.js';
import type { Job, Worker } from '../fleet/progress-model.js';
import type { HistoryMoment } from './history-moment.js';

export interface LostJob {
  /** Key of the worker. */
  readonly worker: string;
  readonly container: string;
  readonly stage: string | undefined;
  readonly gpu: string | undefined;
  readonly document: string | undefined;
  readonly job: Job;
  readonly lostAtMs: number;
  /** How the container ended, in words. */
  readonly how: string;
}

export interface LostJobs {
  readonly jobs: ReadonlyMap<string, LostJob>;
  /** Those that this look has found. */
  newlyLost(): readonly LostJob[];
  note(moment: Pick<HistoryMoment, 'fleet' | 'nowMs'>): void;
}

const KEPT_MS = 6 * 3_600_000;
const MAX_JOBS = 2000;
/** A worker's last write and its container's end, by two clocks. */
const SLACK_MS = 2000;
/** A start follows the end that it belongs to sooner than this; an older end is of another life. */
const UNSEEN_MS = 10 * 60_000;

export function createLostJobs(): LostJobs {
  const jobs = new Map<string, LostJob>();
  /** What each worker had in hand at the look before. */
  let hands = new Map<string, { readonly worker: Worker; readonly job: Job }>();
  /** Of those that are settled: when the job began. Its file may still lie there. */
  const settled = new Map<string, number>();
  let newly: LostJob[] = [];
  let seenEnded: number | undefined;

  function settle(id: string): void {
    settled.delete(id);
    settled.set(id, jobs.get(id)?.job.startedAtMs ?? 0);
    jobs.delete(id);
    const oldest = settled.keys().next();
    if (settled.size > MAX_JOBS && !oldest.done) settled.delete(oldest.value);
  }

  function lose(
    key: string,
    worker: Worker,
    job: Job,
    container: Container | undefined,
    nowMs: number,
  ): void {
    const id = `${key} ${job.document ?? job.startedAtMs}`;
    const known = jobs.get(id);
    const endedAtMs = container?.lastEnd?.atMs;
    const lostAtMs = endedAtMs !== undefined && endedAtMs >= job.startedAtMs ? endedAtMs : nowMs;
    if (known?.job.startedAtMs === job.startedAtMs || settled.get(id) === job.startedAtMs) return;
    const lost: LostJob = {
      worker: key,
      container: worker.container,
      stage: worker.stage,
      gpu: worker.gpu,
      document: job.document,
      job,
      lostAtMs,
      how: describeEnd(container),
    };
    jobs.set(id, lost);
    newly.push(lost);
    const oldest = jobs.keys().next();
    if (jobs.size > MAX_JOBS && !oldest.done) jobs.delete(oldest.value);
  }

  /** A sentinel of the stage and document, written after the job began, or a later job of it that ended well. */
  function settleByOutcome({ fleet: { endedJobs, sentinels } }: Pick<HistoryMoment, 'fleet'>): void {
    const ended = endedJobs.since(seenEnded ?? endedJobs.newest);
    seenEnded = endedJobs.newest;
    if (jobs.size === 0) return;
    for (const [id, { stage, document, job }] of jobs) {
      const isTold =
        ended.some(
          ({ entry }) =>
            entry.stage === stage &&
            entry.document === document &&
            entry.outcome !== 'unknown' &&
            entry.endedAtMs >= job.startedAtMs,
        ) ||
        [...sentinels.failures.values()].some(
          (failure) =>
            failure.stage === stage &&
            failure.document === document &&
            failure.writtenAtMs >= job.startedAtMs,
        );
      if (isTold) settle(id);
    }
  }

  return {
    jobs,
    newlyLost: () => newly,
    note({ fleet, nowMs }) {
      newly = [];
      const next: typeof hands = new Map();
      for (const [key, worker] of fleet.workers) {
        const container = worker.identity === undefined ? undefined : fleet.containers.get(worker.identity);
        const held = hands.get(key);
        if (held && hasDiedUnder(held.job, container)) lose(key, held.worker, held.job, container, nowMs);
        const { job } = worker;
        if (!job) continue;
        if (hasDiedUnder(job, container)) lose(key, worker, job, container, nowMs);
        else next.set(key, { worker, job });
      }
      hands = next;
      settleByOutcome({ fleet });
      takeBack(fleet.workers);
      for (const [id, { lostAtMs }] of jobs) if (nowMs - lostAtMs > KEPT_MS) settle(id);
    },
  };

  /** Somebody has the document in hand again. */
  function takeBack(workers: ReadonlyMap<string, Worker>): void {
    if (jobs.size === 0) return;
    const inHand = new Set<string>();
    for (const [key, { job }] of hands) inHand.add(`${workers.get(key)?.stage}\n${job.document}`);
    for (const [id, { stage, document }] of jobs) {
      if (document !== undefined && inHand.has(`${stage}\n${document}`)) settle(id);
    }
  }
}

/** The container ended by itself after the job began, and nothing was heard of the job since. */
function hasDiedUnder(job: Job, container: Container | undefined): boolean {
  const end = container?.lastEnd;
  if (!end || end.atMs < job.startedAtMs) return wasStartedAgain(job, container);
  return !end.isAskedFor && job.lastHeartbeatAtMs <= end.atMs + SLACK_MS;
}

/** Its end was not seen, as the engine was away; its new start tells of it. */
function wasStartedAgain({ startedAtMs, lastHeartbeatAtMs }: Job, container: Container | undefined): boolean {
  const againAtMs = container?.startedAtMs ?? 0;
  return againAtMs > startedAtMs + SLACK_MS && againAtMs > lastHeartbeatAtMs;
}

function describeEnd(container: Container | undefined): string {
  const end = container?.lastEnd;
  if (!container) return 'its container is gone';
  if (!end || end.atMs < (container.startedAtMs ?? 0) - UNSEEN_MS) return 'its container was started again';
  if (end.reason === 'oom') return `killed for want of memory (exit code ${end.exitCode})`;
  return end.reason === 'signal' ? `ended by signal ${end.exitCode - 128}` : `exit code ${end.exitCode}`;
}
