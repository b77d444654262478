/**
 * PipelineStandstill: every orchestrator with a document waits for a stage, no worker is at work, and no message waits,
 * for 30 seconds, although what they wait for was taken up: it ended without a sentinel, and no more will come.
 */

import { counted } from '../lib/counted.js';
import { formatDuration } from '../lib/duration.js';
import type { Detection } from './finding.js';
import type { Detector, Judgement, Scene } from './scene.js';
import { describeFullDisk } from './sentinel-disk.js';
import { findVainWaits, type VainWait } from './vain-waits.js';

/** For how long nothing must have moved: results and messages are on their way between two looks at their sources. */
const STILL_MS = 30_000;
const CLEAR_AFTER_MS = 10_000;
const MAX_LISTED = 6;
const NOTHING: Judgement = { found: [], unsure: [] };
const UNSURE: Judgement = { found: [], unsure: 'all' };

export const pipelineStandstill: Detector = {
  kind: 'PipelineStandstill',
  // Found at two looks in a row; what it is dated by has stood for longer.
  steadiness: ({ detection }) => ({ openAfterMs: detection.interval / 2, clearAfterMs: CLEAR_AFTER_MS }),
  detect(scene) {
    if (!scene.isWatched('rabbitmq') || isExplained(scene)) return NOTHING;
    if (isAnySourceBad(scene)) return UNSURE;
    const waits = findVainWaits(scene);
    if (waits === 'unknown') return UNSURE;
    if (waits.length === 0) return NOTHING;
    const sinceMs = stillSince(waits, scene);
    const stillMs = scene.nowMs - sinceMs;
    return stillMs < STILL_MS ? NOTHING : { found: [describe(waits, sinceMs, scene)], unsure: [] };
  },
};

/** What stands behind all of them is reported already. */
function isExplained({ isOpen, containers }: Scene): boolean {
  return (
    ['broker', 'host'].some((key) => isOpen('CommonCause', key)) ||
    containers.noWorkers.some(({ identity }) => isOpen('InfrastructureDown', identity))
  );
}

/** A source that failed at its last read may hide what moves, long before it is stale. */
function isAnySourceBad({ fleet, isWatched, isFresh }: Scene): boolean {
  return (['docker', 'progress', 'rabbitmq', 'sentinels'] as const).some(
    (source) => isWatched(source) && (!isFresh(source) || fleet.sources.get(source)?.isUp === false),
  );
}

/** When something last moved: a wait began, a job ended, a message was seen. */
function stillSince(waits: readonly VainWait[], { fleet, histories }: Scene): number {
  const ended = fleet.endedJobs.since(fleet.endedJobs.newest - 1);
  return Math.max(
    ...waits.map(({ sinceMs }) => sinceMs),
    ...histories.traffic.lastAtMs.values(),
    ...ended.map(({ entry }) => entry.endedAtMs),
  );
}

function describe(waits: readonly VainWait[], sinceMs: number, scene: Scene): Detection {
  const { nowMs, fleet } = scene;
  const ago = (atMs: number): string => formatDuration(Math.max(0, nowMs - atMs));
  const waiting = waits.map(
    ({ container, stage, document, sinceMs: since }) =>
      `${container} for ${stage}${document === undefined ? '' : ` (${document})`} for ${ago(since)}`,
  );
  const ended = waits.map(({ stage, document = 'a job', end }) =>
    end
      ? `${document} ended at ${stage} on ${end.container} ${ago(end.endedAtMs)} ago, without a sentinel`
      : `the message of ${document} was taken from the queue of ${stage}, and no sentinel came`,
  );
  const disk = describeFullDisk(fleet.sentinels.disk);
  return {
    kind: 'PipelineStandstill',
    key: 'pipeline',
    subject: {},
    summary: `nothing has moved for ${ago(sinceMs)}: ${counted(waits.length, 'orchestrator')} wait${waits.length === 1 ? 's' : ''}, no worker is at work, and no message waits`,
    evidence: [
      ...(disk === undefined ? [] : [disk]),
      ...list(ended),
      `waiting: ${list(waiting).join(', ')}`,
      `workers: ${countStatuses(scene)}`,
    ],
    clearsWhen: 'An orchestrator goes on, a worker takes a job, or a message waits.',
    beganAtMs: sinceMs,
  };
}

function list(lines: readonly string[]): readonly string[] {
  const more = lines.length - MAX_LISTED;
  return more > 0 ? [...lines.slice(0, MAX_LISTED), `and ${more} more`] : lines;
}

function countStatuses({ workers }: Scene): string {
  const counts = new Map<string, number>();
  for (const { status } of workers.values()) counts.set(status, (counts.get(status) ?? 0) + 1);
  return [...counts].map(([status, count]) => `${count} ${status}`).join(', ') || 'none';
}
