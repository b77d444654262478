/** Which documents failed, stalled or crashed which workers, and which of these workers do so with any document. */

import type { Fleet } from '../fleet/model.js';
import type { EndedJob } from '../fleet/progress-model.js';
import { createReporterIndex } from '../fleet/reporter-index.js';
import type { SentinelSeen } from '../fleet/sentinel-model.js';
import type { HistoryMoment } from './history-moment.js';
import type { LostJob } from './lost-job.js';
import { createWorkerRecords } from './worker-records.js';

export interface Trouble {
  readonly worker: string;
  readonly what: 'failed' | 'stalled' | 'crashed';
  readonly stage: string | undefined;
  readonly atMs: number;
}

export interface DocumentTroubles {
  /** By document; one entry a worker, the oldest first. */
  readonly troubles: ReadonlyMap<string, readonly Trouble[]>;
  /** The worker fails whatever it takes up: its trouble says nothing of the document. */
  isOwnFault(worker: string, document: string): boolean;
  note(moment: Pick<HistoryMoment, 'fleet' | 'notable' | 'nowMs'>, lost: readonly LostJob[]): void;
}

const KEPT_MS = 24 * 3_600_000;
const MAX_DOCUMENTS = 5000;
const MAX_WORKERS = 20;
const SWEEP_MS = 60_000;
/** How far back the worker of a sentinel that names none is looked for. */
const RECENT_JOBS = 1000;

export function createDocumentTroubles(): DocumentTroubles {
  const troubles = new Map<string, readonly Trouble[]>();
  const records = createWorkerRecords();
  let seenSentinels = 0;
  let seenJobs = 0;
  let sweptAtMs = 0;

  function add(document: string, trouble: Trouble): void {
    records.note(trouble.worker, { document, isBad: true });
    const before = troubles.get(document) ?? [];
    // Of several crashes of a worker the newest is kept: its container's last end is compared with it.
    const known =
      trouble.what === 'crashed' ? before.filter(({ worker }) => worker !== trouble.worker) : before;
    if (known.some(({ worker }) => worker === trouble.worker)) return;
    troubles.delete(document);
    troubles.set(document, [...known, trouble].slice(-MAX_WORKERS));
    const oldest = troubles.keys().next();
    if (troubles.size > MAX_DOCUMENTS && !oldest.done) troubles.delete(oldest.value);
  }

  function noteJobs(jobs: readonly EndedJob[]): void {
    for (const { document, container, stage, outcome, end, endedAtMs } of jobs) {
      if (document === undefined) continue;
      if (outcome === 'failed') add(document, { worker: container, what: 'failed', stage, atMs: endedAtMs });
      // Where a sentinel says otherwise later, it has the last word.
      const hasEndedWell = outcome === 'succeeded' || (outcome === 'unknown' && end === 'removed');
      if (hasEndedWell) records.note(container, { document, isBad: false });
    }
  }

  function noteFailures(fleet: Fleet, sentinels: readonly SentinelSeen[]): void {
    const nameOf = createNameFinder(fleet);
    for (const { outcome, document, worker, stage, writtenAtMs } of sentinels) {
      if (outcome !== 'failure' || document === undefined) continue;
      const name = worker === undefined ? findHolder(fleet, stage, document) : nameOf(worker);
      if (name !== undefined) add(document, { worker: name, what: 'failed', stage, atMs: writtenAtMs });
    }
  }

  function noteStalls({ fleet, notable, nowMs }: Pick<HistoryMoment, 'fleet' | 'notable' | 'nowMs'>): void {
    for (const [key, { status, standing, stuckBy }] of notable) {
      if (status !== 'stuck' || stuckBy === 'max_job') continue;
      const document = fleet.workers.get(key)?.job?.document;
      if (document === undefined) continue;
      add(document, { worker: standing.container, what: 'stalled', stage: standing.stage, atMs: nowMs });
    }
  }

  function forgetOld(nowMs: number): void {
    if (nowMs - sweptAtMs < SWEEP_MS) return;
    sweptAtMs = nowMs;
    for (const [document, list] of troubles) {
      if (nowMs - (list.at(-1)?.atMs ?? 0) > KEPT_MS) troubles.delete(document);
    }
  }

  return {
    troubles,
    isOwnFault: records.isOwnFault,
    note(moment, lost) {
      const { fleet, nowMs } = moment;
      const { sentinels, endedJobs } = fleet;
      const seen = sentinels.seen.since(seenSentinels).map(({ entry }) => entry);
      noteJobs(endedJobs.since(seenJobs).map(({ entry }) => entry));
      noteFailures(fleet, seen);
      seenSentinels = sentinels.seen.newest;
      seenJobs = endedJobs.newest;
      for (const { document, container, stage, lostAtMs } of lost) {
        if (document !== undefined)
          add(document, { worker: container, what: 'crashed', stage, atMs: lostAtMs });
      }
      noteStalls(moment);
      forgetOld(nowMs);
    },
  };
}

/** A worker may call itself by its service and number, or by the id that is its host's name. */
function createNameFinder({ containers, ignored }: Fleet): (name: string) => string {
  let index: ReturnType<typeof createReporterIndex> | undefined;
  return (name) => {
    if (containers.get(name)?.name === name) return name;
    index ??= createReporterIndex(containers.values(), ignored.values());
    return index.find(name)?.name ?? name;
  };
}

/** Who has the document in hand at the stage, or had it last. */
function findHolder({ workers, endedJobs }: Fleet, stage: string, document: string): string | undefined {
  for (const worker of workers.values()) {
    if (worker.job?.document === document && worker.stage === stage) return worker.container;
  }
  const recent = endedJobs.since(endedJobs.newest - RECENT_JOBS);
  return recent.findLast(({ entry }) => entry.document === document && entry.stage === stage)?.entry
    .container;
}
