/**
 * WorkerStuck: a job in hand without progress beyond the stage's limit while neither CPU, GPU nor acks move; or without
 * progress although busy beyond a much longer limit; or longer than any job of the stage may take.
 */

import { formatDuration } from '../lib/duration.js';
import type { Detection } from './finding.js';
import { lastWordOf } from './log-errors.js';
import { besidePeers } from './peers.js';
import type { Detector, Scene } from './scene.js';
import type { WorkerVerdict } from './verdicts.js';
import { detectByStatus } from './worker-findings.js';

export const workerStuck: Detector = {
  kind: 'WorkerStuck',
  // Found at two looks in a row; a worker that moves is not stuck, whatever it was before.
  steadiness: ({ detection }) => ({ openAfterMs: detection.interval / 2, clearAfterMs: 0 }),
  detect: (scene) => detectByStatus(scene, 'stuck', describe),
};

function describe(key: string, verdict: WorkerVerdict, scene: Scene): Omit<Detection, 'subject'> {
  const { fleet, nowMs } = scene;
  const { job: told, hold } = fleet.workers.get(key) ?? {};
  const job = told ?? verdict.job;
  const silentMs = verdict.silentMs ?? 0;
  const isTooLong = verdict.stuckBy === 'max_job';
  const elapsed = formatDuration(nowMs - (job?.startedAtMs ?? nowMs));
  return {
    kind: 'WorkerStuck',
    key,
    summary: isTooLong
      ? `job runs for ${elapsed}`
      : `${formatDuration(silentMs)} ${hold ? 'with a message in hand, and nothing moves' : 'without progress'}`,
    evidence: withProcesses(verdict.evidence, [
      ...linesOf(key, fleet, job?.lastProgressAtMs),
      ...besidePeers({ key, stage: verdict.standing.stage, sinceMs: job?.lastProgressAtMs ?? 0 }, scene),
      ...lastWordOf(key, fleet.logTroubles, { nowMs, sinceMs: job?.startedAtMs ?? nowMs }),
    ]),
    clearsWhen: hold
      ? 'It acks a message, something of it moves, or its container is started again.'
      : 'Its progress moves, its job ends, or its container is started again.',
    beganAtMs: isTooLong ? (job?.startedAtMs ?? nowMs) : (job?.lastProgressAtMs ?? nowMs - silentMs),
  };
}

/** What its processes wait for and its stacks; what was read before its last step explains nothing. */
function linesOf(
  key: string,
  { processes, stacks }: Scene['fleet'],
  lastProgressAtMs = 0,
): readonly string[] {
  const waits = processes.get(key);
  const stack = stacks.get(key);
  return [
    ...(waits && waits.atMs > lastProgressAtMs ? waits.lines : []),
    ...(stack && stack.atMs > lastProgressAtMs ? [stack.summary] : []),
  ];
}

/** They explain the first line. */
function withProcesses([first, ...others]: readonly string[], lines: readonly string[]): readonly string[] {
  return first === undefined ? [] : [first, ...lines, ...others];
}
