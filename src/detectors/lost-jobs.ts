/**
 * Jobs whose container died under them, one for each document at a stage, until a sentinel comes, another worker takes the
 * document, or no orchestrator waits for it any more; where nobody can know who waits, for two hours.
 */

import type { Container, ContainerEnd, Fleet } from '../fleet/model.js';
import type { EndedJob, Job, Worker } from '../fleet/progress-model.js';
import type { HistoryMoment } from './history-moment.js';
import {
  describeDeath,
  isDeliberate,
  isEndUnder,
  isOfLifeBefore,
  isRecreatedSince,
  SLACK_MS,
} from './job-death.js';
import {
  hasGoneOn,
  heldMeanwhile,
  idOf,
  isItsFile,
  isOverBefore,
  type LostJob,
  orphanKey,
  workOf,
} from './lost-job.js';
import { createToldOutcomes } from './told-outcomes.js';
import { type Awaited, createWaitingOrchestrators } from './waiting-orchestrators.js';

export interface LostJobs {
  readonly jobs: ReadonlyMap<string, LostJob>;
  /** Its queue was seen empty since: its message is not waiting there. */
  isOutOfQueue(id: string): boolean;
  /** Whether an orchestrator waits for its result. */
  isAwaited(lost: Pick<LostJob, 'document'>): Awaited;
  /** Those that this look has found. */
  newlyLost(): readonly LostJob[];
  note(moment: LostMoment): void;
}

/** Where nobody can know who waits for it: no orchestrator waits for longer. */
export const UNKNOWN_KEPT_MS = 2 * 3_600_000;
const MAX_JOBS = 2000;
/** At the first look, what died longer ago is no news. */
const NEWS_MS = 15 * 60_000;

interface Loss {
  readonly worker: Worker;
  readonly job: Job;
  readonly container: Container | undefined;
  readonly end: ContainerEnd | undefined;
  readonly nowMs: number;
}

export function createLostJobs(): LostJobs {
  const jobs = new Map<string, LostJob>();
  const outOfQueue = new Set<string>();
  const outcomes = createToldOutcomes();
  const orchestrators = createWaitingOrchestrators();
  /** Who had a job in hand at the look before. */
  const hands = new Map<string, Worker>();
  /** Of those that are settled: when the job began. Its file may still lie there. */
  const settled = new Map<string, number>();
  let newly: LostJob[] = [];
  let seenEnds: number | undefined;
  let seenJobs = 0;

  function settle(id: string, startedAtMs: number): void {
    settled.delete(id);
    settled.set(id, startedAtMs);
    jobs.delete(id);
    outOfQueue.delete(id);
    const oldest = settled.keys().next();
    if (settled.size > MAX_JOBS && !oldest.done) settled.delete(oldest.value);
  }

  function lose(key: string, { worker, job, container, end, nowMs }: Loss): void {
    const id = idOf(key, job);
    if (jobs.get(id)?.job.startedAtMs === job.startedAtMs || settled.get(id) === job.startedAtMs) return;
    if (outcomes.isToldSince(worker.stage, job.document, job.startedAtMs)) {
      settle(id, job.startedAtMs);
      return;
    }
    const lost: LostJob = {
      worker: key,
      container: worker.container,
      stage: worker.stage,
      gpu: worker.gpu,
      document: job.document,
      job,
      lostAtMs: end?.atMs ?? nowMs,
      how: describeDeath(container, end),
    };
    newly.push(lost);
    if (!replaceSame(lost)) {
      settle(id, job.startedAtMs);
      return;
    }
    jobs.set(id, lost);
    const [oldest] = jobs;
    if (jobs.size > MAX_JOBS && oldest) settle(oldest[0], oldest[1].job.startedAtMs);
  }

  /** Of several workers that one document was lost with at a stage, the last stands for it; false: that is another one. */
  function replaceSame({ stage, document, lostAtMs }: LostJob): boolean {
    if (document === undefined) return true;
    for (const [id, known] of jobs) {
      if (known.document !== document || known.stage !== stage) continue;
      if (known.lostAtMs > lostAtMs) return false;
      settle(id, known.job.startedAtMs);
    }
    return true;
  }

  /** Somebody has stopped its container, who will see to it; what was lost before stays lost. */
  function giveUp(key: string, job: Job): void {
    const id = idOf(key, job);
    if (jobs.get(id)?.job.startedAtMs !== job.startedAtMs) settle(id, job.startedAtMs);
  }

  /** The container ended under the job: somebody stopped it, or it died. */
  function endUnder(key: string, loss: Loss & { readonly end: ContainerEnd }): void {
    if (isDeliberate(loss.end)) giveUp(key, loss.job);
    else lose(key, loss);
  }

  /** Also of containers that were removed, or created anew, before this look. */
  function followEnds(
    { fleet, nowMs }: Pick<HistoryMoment, 'fleet' | 'nowMs'>,
    done: readonly EndedJob[],
  ): void {
    const ends = fleet.ends.since(seenEnds ?? fleet.ends.newest);
    seenEnds = fleet.ends.newest;
    for (const { entry } of ends) {
      const container = fleet.containers.get(entry.identity);
      // Who asked for it may have been learnt a moment after it.
      const end = container?.lastEnd?.atMs === entry.atMs ? { ...entry, ...container.lastEnd } : entry;
      const now = fleet.workers.get(end.identity);
      for (const worker of [hands.get(end.identity), now, ...heldMeanwhile(end.identity, now, done)]) {
        const job = worker?.job;
        // Where sentinels are watched a job that ended well has one.
        const isCrash = end.exitCode !== 0 && fleet.sources.has('sentinels');
        if (!worker || !job || !isEndUnder(job, end)) continue;
        if (isOverBefore(job, worker, { atMs: end.atMs, isCrash }, done)) continue;
        endUnder(end.identity, { worker, job, container, end, nowMs });
      }
    }
  }

  /** What it has in hand died with a life of its container whose end was not seen at the time. */
  function lookAtHand(
    key: string,
    worker: Worker,
    { fleet, nowMs, isOpen }: LostMoment,
    isFirstLook: boolean,
  ): boolean {
    const { job, identity } = worker;
    const container = identity === undefined ? undefined : fleet.containers.get(identity);
    if (!job || !container) return job !== undefined;
    const end = container.lastEnd;
    if (end && isEndUnder(job, end)) endUnder(key, { worker, job, container, end, nowMs });
    else if (!isOfLifeBefore(job, container)) return true;
    else if (isRecreatedSince(job, container)) giveUp(key, job);
    else {
      const isNews = !isFirstLook || nowMs - (container.startedAtMs ?? 0) < NEWS_MS;
      if (
        isNews ||
        isOpen('JobOrphaned', orphanKey({ worker: key, stage: worker.stage, document: job.document, job }))
      )
        lose(key, { worker, job, container, end: undefined, nowMs });
      else giveUp(key, job);
    }
    return false;
  }

  /** What it had in hand at the look before is not there any more, and nobody saw its container end. */
  function followUnseen(
    key: string,
    worker: Worker,
    { fleet, nowMs }: LostMoment,
    done: readonly EndedJob[],
  ): void {
    const { identity, id, job } = worker;
    const container = identity === undefined ? undefined : fleet.containers.get(identity);
    if (!job || identity === undefined || (id !== undefined && fleet.ignored.has(id))) return;
    // The configuration has changed, and it is no worker any more.
    if (container?.role === 'other') return;
    if (container && (!isOfLifeBefore(job, container) || isRecreatedSince(job, container))) return;
    if (isOverBefore(job, worker, { atMs: container?.startedAtMs ?? nowMs }, done)) return;
    lose(key, { worker, job, container, end: undefined, nowMs });
  }

  /** One pass over all, in which whoever goes on with a job costs next to nothing. */
  function followHands(moment: LostMoment, isFirstLook: boolean, done: readonly EndedJob[]): void {
    const { workers } = moment.fleet;
    let gone = hands.size;
    for (const [key, worker] of workers) {
      const held = hands.get(key);
      if (held) gone--;
      if (held && !hasGoneOn(held, worker)) followUnseen(key, held, moment, done);
      if (worker.job && lookAtHand(key, worker, moment, isFirstLook)) hands.set(key, worker);
      else if (held) hands.delete(key);
    }
    if (gone > 0) followGone(moment, done);
  }

  function followGone(moment: LostMoment, done: readonly EndedJob[]): void {
    for (const [key, held] of hands) {
      if (moment.fleet.workers.has(key)) continue;
      followUnseen(key, held, moment, done);
      hands.delete(key);
    }
  }

  return {
    jobs,
    isOutOfQueue: (id) => outOfQueue.has(id),
    isAwaited: ({ document }) => orchestrators.isAwaited(document),
    newlyLost: () => newly,
    note(moment) {
      const { fleet, nowMs } = moment;
      newly = [];
      outcomes.note(fleet);
      orchestrators.note(moment);
      const isFirstLook = seenEnds === undefined;
      const done = fleet.endedJobs.since(seenJobs).map(({ entry }) => entry);
      seenJobs = fleet.endedJobs.newest;
      followEnds(moment, done);
      followHands(moment, isFirstLook, done);
      if (jobs.size === 0) return;
      settleTold();
      takeBack();
      followQueues(fleet);
      settleUnawaited(nowMs);
    },
  };

  function settleTold(): void {
    for (const [id, { stage, document, job }] of jobs) {
      if (outcomes.isToldSince(stage, document, job.startedAtMs)) settle(id, job.startedAtMs);
    }
  }

  function settleUnawaited(nowMs: number): void {
    for (const [id, { document, lostAtMs, job }] of jobs) {
      const awaited = orchestrators.isAwaited(document);
      const isOver = awaited === 'no' || (awaited === 'unknown' && nowMs - lostAtMs > UNKNOWN_KEPT_MS);
      if (isOver) settle(id, job.startedAtMs);
    }
  }

  /** Somebody has the document in hand again; of a job without one, whoever took up the next of its stage. */
  function takeBack(): void {
    const byWork = new Map<string, string[]>();
    for (const [id, { stage, document }] of jobs) {
      const work = workOf(stage, document);
      byWork.set(work, [...(byWork.get(work) ?? []), id]);
    }
    for (const worker of hands.values()) {
      const { stage, job } = worker;
      const ids = [
        ...(byWork.get(workOf(stage, job?.document)) ?? []),
        ...(byWork.get(workOf(stage, undefined)) ?? []),
      ];
      for (const id of ids) {
        const lost = jobs.get(id);
        if (!job || !lost || isItsFile(worker, lost)) continue;
        if (lost.document !== undefined || job.startedAtMs > lost.lostAtMs) settle(id, lost.job.startedAtMs);
      }
    }
  }

  function followQueues({ queues }: Fleet): void {
    for (const { stage, ready } of queues.values()) {
      if (stage === undefined || ready?.value !== 0) continue;
      for (const [id, lost] of jobs) {
        if (lost.stage === stage && ready.atMs > lost.lostAtMs + SLACK_MS) outOfQueue.add(id);
      }
    }
  }
}

type LostMoment = Pick<HistoryMoment, 'fleet' | 'nowMs' | 'isOpen' | 'freshness'>;
