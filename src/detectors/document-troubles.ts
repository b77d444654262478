/** Which documents failed, stalled or crashed which workers. */

import type { HistoryMoment } from './history-moment.js';
import type { LostJob } from './lost-jobs.js';

export interface Trouble {
  readonly worker: string;
  readonly what: 'failed' | 'stalled' | 'crashed';
  readonly stage: string | undefined;
  readonly atMs: number;
}

export interface DocumentTroubles {
  /** By document; one entry a worker, the oldest first. */
  readonly troubles: ReadonlyMap<string, readonly Trouble[]>;
  note(moment: HistoryMoment, lost: readonly LostJob[]): void;
}

const KEPT_MS = 24 * 3_600_000;
const MAX_DOCUMENTS = 5000;
const MAX_WORKERS = 20;
const SWEEP_MS = 60_000;

export function createDocumentTroubles(): DocumentTroubles {
  const troubles = new Map<string, readonly Trouble[]>();
  let seenFailures: ReadonlySet<string> | undefined;
  let sweptAtMs = 0;

  function add(document: string, trouble: Trouble): void {
    const known = troubles.get(document) ?? [];
    if (known.some(({ worker }) => worker === trouble.worker)) return;
    troubles.delete(document);
    troubles.set(document, [...known, trouble].slice(-MAX_WORKERS));
    const oldest = troubles.keys().next();
    if (troubles.size > MAX_DOCUMENTS && !oldest.done) troubles.delete(oldest.value);
  }

  function noteFailures({ fleet: { sentinels } }: HistoryMoment): void {
    const { failures } = sentinels;
    if (failures.size === 0 && seenFailures?.size === 0) return;
    for (const [path, { document, worker, stage, writtenAtMs }] of failures) {
      // Those present at the first look are of an earlier time; whom they struck may be long repaired.
      if (!seenFailures || seenFailures.has(path) || document === undefined || worker === undefined) continue;
      add(document, { worker, what: 'failed', stage, atMs: writtenAtMs });
    }
    seenFailures = new Set(failures.keys());
  }

  function noteStalls({ fleet, workers, nowMs }: HistoryMoment): void {
    for (const [key, { status, standing, stuckBy }] of workers) {
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
    note(moment, lost) {
      noteFailures(moment);
      for (const { document, container, stage, lostAtMs } of lost) {
        if (document !== undefined)
          add(document, { worker: container, what: 'crashed', stage, atMs: lostAtMs });
      }
      noteStalls(moment);
      forgetOld(moment.nowMs);
    },
  };
}
