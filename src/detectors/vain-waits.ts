/**
 * Finds what orchestrators wait for although nothing can bring it: only where every one that carries a document waits for
 * a stage, no worker is at work, no message waits, and what each waits for was taken up since and left no sentinel. One
 * that waits for a timer has sent nothing, so nothing of its wait was taken up.
 */

import type { EndedJob, Orchestrator } from '../fleet/progress-model.js';
import { isAnyDelayed } from '../fleet/queue-kind.js';
import type { Scene } from './scene.js';

export interface VainWait {
  readonly container: string;
  readonly stage: string;
  readonly document: string | undefined;
  readonly sinceMs: number;
  /** Its job, as it was seen to end; undefined: only its message was seen to go. */
  readonly end: EndedJob | undefined;
}

/** A message may be seen somewhat before the orchestrator says that it waits. */
const SENT_BEFORE_MS = 10_000;
const CLOCK_TOLERANCE_MS = 2000;
/** A worker that used CPU within this time may be at a job it has not reported. */
const BUSY_MS = 20_000;
const BUSY_STATUSES: ReadonlySet<string> = new Set(['active', 'slow', 'stuck']);

/** Empty: something moves or may move. */
export function findVainWaits(scene: Scene): readonly VainWait[] | 'unknown' {
  const carriers = findCarriers(scene);
  if (carriers === 'unknown') return 'unknown';
  if (carriers.length === 0) return [];
  const stages = new Set(carriers.map(({ stage }) => stage));
  const work = judgeWork(scene, stages);
  if (work !== 'none') return work === 'unknown' ? 'unknown' : [];
  if (!areQueuesEmpty(scene, stages)) return [];
  const waits = carriers.map((carrier) => describeWait(carrier, scene));
  return waits.every((wait) => wait !== undefined) ? waits : [];
}

interface Carrier {
  readonly orchestrator: Orchestrator;
  readonly stage: string;
  readonly sinceMs: number;
}

/** All that carry a document, if every one of them waits for a stage; else none. */
function findCarriers({ fleet, orchestrators }: Scene): readonly Carrier[] | 'unknown' {
  const carriers: Carrier[] = [];
  let isAnyUnknown = false;
  for (const [key, { status }] of orchestrators) {
    const orchestrator = fleet.orchestrators.get(key);
    if (status === 'done' || status === 'down' || !orchestrator) continue;
    if (status === 'unknown') {
      isAnyUnknown = true;
      continue;
    }
    const { state, stage, job } = orchestrator;
    if (state !== 'waiting' || stage === undefined || !job) return [];
    carriers.push({ orchestrator, stage, sinceMs: job.lastProgressAtMs });
  }
  return isAnyUnknown ? 'unknown' : carriers;
}

function judgeWork({ fleet, workers, nowMs }: Scene, stages: ReadonlySet<string>) {
  let isAnyUnknown = false;
  for (const [key, { status, standing }] of workers) {
    if (BUSY_STATUSES.has(status)) return 'some' as const;
    const isAwaited = standing.stage === undefined || stages.has(standing.stage);
    const usedAtMs = fleet.cpu.get(key)?.lastBusyAtMs;
    if (isAwaited && usedAtMs !== undefined && nowMs - usedAtMs < BUSY_MS) return 'some' as const;
    if (status === 'unknown') isAnyUnknown = true;
  }
  return isAnyUnknown ? ('unknown' as const) : ('none' as const);
}

/** No stage has a message that waits or is held, and of each that is waited for this is known. */
function areQueuesEmpty({ fleet }: Scene, stages: ReadonlySet<string>): boolean {
  if (isAnyDelayed(fleet.queues.values())) return false;
  const known = new Set<string>();
  for (const { stage, ready, unacked } of fleet.queues.values()) {
    if (stage === undefined) continue;
    if ((ready?.value ?? 0) > 0 || (unacked?.value ?? 0) > 0) return false;
    if (ready) known.add(stage);
  }
  return [...stages].every((stage) => known.has(stage));
}

/** Undefined: what it waits for was not taken up, or has come. */
function describeWait({ orchestrator, stage, sinceMs }: Carrier, scene: Scene): VainWait | undefined {
  const { fleet, histories } = scene;
  const { container, document } = orchestrator;
  const fromMs = sinceMs - SENT_BEFORE_MS;
  if (hasSentinel(scene, { stage, document, sinceMs: sinceMs - CLOCK_TOLERANCE_MS })) return undefined;
  const end = fleet.endedJobs
    .since(0)
    .findLast(
      ({ entry }) => entry.stage === stage && entry.document === document && entry.endedAtMs >= fromMs,
    )?.entry;
  const wasSent = isUnackedKnown(stage, scene) && (histories.traffic.lastAtMs.get(stage) ?? 0) >= fromMs;
  return end || wasSent ? { container, stage, document, sinceMs, end } : undefined;
}

/** Else a worker may hold its message that has not reported a job yet. */
function isUnackedKnown(stage: string, { fleet }: Scene): boolean {
  return [...fleet.queues.values()].some((queue) => queue.stage === stage && queue.unacked !== undefined);
}

interface Awaited {
  readonly stage: string;
  readonly document: string | undefined;
  readonly sinceMs: number;
}

/** One that names no document may be this one's. */
function hasSentinel({ fleet: { sentinels } }: Scene, { stage, document, sinceMs }: Awaited): boolean {
  const isIts = (one: { stage: string; document?: string; writtenAtMs: number }): boolean =>
    one.stage === stage &&
    one.writtenAtMs >= sinceMs &&
    (one.document === undefined || document === undefined || one.document === document);
  return (
    sentinels.seen.since(0).some(({ entry }) => isIts(entry)) || [...sentinels.failures.values()].some(isIts)
  );
}
