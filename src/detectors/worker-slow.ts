/**
 * WorkerSlow: a worker that still moves, but takes longer over a step or a job than its stage ever needs. One that is
 * found stuck, or spinning on its GPU, is not slow beside it.
 */

import type { Detector, Scene } from './scene.js';
import type { StageLimits, WorkerVerdict } from './verdicts.js';
import { detectByStatus } from './worker-findings.js';

/** Slow for a moment is nothing to tell. */
const OPEN_AFTER_MS = 2 * 60_000;
const CLEAR_AFTER_MS = 60_000;

export const workerSlow: Detector = {
  kind: 'WorkerSlow',
  steadiness: () => ({ openAfterMs: OPEN_AFTER_MS, clearAfterMs: CLEAR_AFTER_MS }),
  detect(scene) {
    const { found, unsure } = detectByStatus(scene, 'slow', (key, { reason, evidence, sinceMs }) => ({
      kind: 'WorkerSlow',
      key,
      summary: reason,
      evidence,
      clearsWhen: 'Its progress moves at the pace of its stage, or its job ends.',
      beganAtMs: sinceMs,
    }));
    const isSpinning = (key: string): boolean => scene.isOpen('WorkerSpinning', key);
    const isTold = (key: string): boolean => scene.isOpen('WorkerStuck', key) || isSpinning(key);
    const told = found.filter(({ key }) => isWorthTelling(key, scene) && !isTold(key));
    const replaced = [...scene.notable].flatMap(([key, { status }]) =>
      status === 'stuck' || isSpinning(key) ? key : [],
    );
    return { found: told, unsure, replaced };
  },
};

/** Where nothing is known of a stage's pace, a long step is no news until it is very long. */
function isWorthTelling(key: string, { workers, limits }: Scene): boolean {
  const verdict = workers.get(key);
  const stage = verdict?.standing.stage;
  const inForce = stage === undefined ? undefined : limits.get(stage);
  if (inForce?.origin !== 'default') return true;
  return (verdict?.silentMs ?? 0) > inForce.livelockMs / 2 || isLate(verdict, inForce);
}

function isLate(verdict: WorkerVerdict | undefined, { slowJobMs, stallMs }: StageLimits): boolean {
  return slowJobMs !== undefined && (verdict?.silentMs ?? 0) <= stallMs;
}
