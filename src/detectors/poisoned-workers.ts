/** Tells which workers are bad because of a document that brings down worker after worker, and since when. */

import type { Detection } from './finding.js';
import type { Scene } from './scene.js';

export interface PoisonedWorkers {
  readonly documents: ReadonlySet<string>;
  /** By key of the worker: the document that it stalls on, or that crashed it, which is why it is bad now. */
  readonly workers: ReadonlyMap<string, PoisonedWorker>;
  /** By key: the document that crashed it last, whatever it does now. */
  readonly crashed: ReadonlyMap<string, PoisonedWorker>;
}

export interface PoisonedWorker {
  readonly document: string;
  /** When it crashed; absent: it stalls. */
  readonly crashedAtMs?: number;
}

/** One end of a container may reach us by its event and by an inspect. */
const SAME_END_MS = 5000;

/** Also those of a document that was not found for long enough to be reported. */
export function findPoisonedWorkers(scene: Scene, detections: readonly Detection[]): PoisonedWorkers {
  const documents = new Set(
    detections.flatMap(({ kind, subject }) => (kind === 'PoisonDocument' ? (subject.document ?? []) : [])),
  );
  const workers = new Map<string, PoisonedWorker>();
  const crashed = new Map<string, PoisonedWorker>();
  if (documents.size === 0) return { documents, workers, crashed };
  const crashes = lastCrashes(documents, scene);
  for (const [key, { status, standing }] of scene.workers) {
    const inHand = scene.fleet.workers.get(key)?.job?.document;
    const crash = crashes.get(standing.container);
    if (crash) crashed.set(key, crash);
    if (status === 'stuck' && inHand !== undefined && documents.has(inHand)) {
      workers.set(key, { document: inHand });
    } else if (crash && status === 'down' && isLastEnd(key, crash, scene)) {
      workers.set(key, crash);
    }
  }
  return { documents, workers, crashed };
}

/** By the container's name. */
function lastCrashes(
  documents: ReadonlySet<string>,
  { histories }: Scene,
): ReadonlyMap<string, PoisonedWorker> {
  const crashes = new Map<string, PoisonedWorker>();
  for (const document of documents) {
    for (const { worker, what, atMs } of histories.documents.troubles.get(document) ?? []) {
      if (what !== 'crashed' || (crashes.get(worker)?.crashedAtMs ?? 0) > atMs) continue;
      crashes.set(worker, { document, crashedAtMs: atMs });
    }
  }
  return crashes;
}

/** One that is down may have ended again since, for another cause. */
function isLastEnd(key: string, { crashedAtMs = 0 }: PoisonedWorker, { fleet }: Scene): boolean {
  const endedAtMs = fleet.containers.get(key)?.lastEnd?.atMs;
  return endedAtMs !== undefined && Math.abs(endedAtMs - crashedAtMs) <= SAME_END_MS;
}

/** The document that crashed the worker at this time or later. */
export function poisonOf({ crashed }: PoisonedWorkers, key: string, sinceMs: number): string | undefined {
  const { document, crashedAtMs } = crashed.get(key) ?? {};
  return crashedAtMs !== undefined && crashedAtMs >= sinceMs - SAME_END_MS ? document : undefined;
}
