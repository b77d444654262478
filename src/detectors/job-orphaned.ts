/**
 * JobOrphaned: a container died with a job in hand, and for `orphaned_after` no sentinel came and nobody took the job;
 * ten times as long where its message may still wait in its queue. One for each document at a stage; over when no
 * orchestrator carries the document any more, or after two hours where nobody can know.
 */

import { judgeMessage } from '../fleet/message-fate.js';
import { isAnyDelayed } from '../fleet/queue-kind.js';
import type { Queue } from '../fleet/queue-model.js';
import { counted } from '../lib/counted.js';
import { formatDuration } from '../lib/duration.js';
import type { Detection } from './finding.js';
import { type LostJob, orphanKey } from './lost-job.js';
import { UNKNOWN_KEPT_MS } from './lost-jobs.js';
import type { Detector, Scene } from './scene.js';
import type { Awaited } from './waiting-orchestrators.js';

export const jobOrphaned: Detector = {
  kind: 'JobOrphaned',
  steadiness: () => ({ openAfterMs: 0, clearAfterMs: 0 }),
  detect(scene) {
    const { histories, settings, nowMs, isWatched, isFresh } = scene;
    // Whether a sentinel came or somebody took it up cannot be seen meanwhile.
    const isBlind = (['progress', 'sentinels'] as const).some(
      (source) => isWatched(source) && !isFresh(source),
    );
    if (isBlind) return { found: [], unsure: 'all' };
    const found: Detection[] = [];
    for (const [key, lost] of histories.lostJobs.jobs) {
      const waiting = mayWaitIn(key, lost, scene);
      const afterMs = settings.detection.orphaned_after * (waiting ? WAITING_FACTOR : 1);
      if (nowMs - lost.lostAtMs >= afterMs) found.push(describe(lost, { scene, waiting }));
    }
    return { found, unsure: [] };
  },
};

/** A message that is taken back comes again when a worker is free, which is no orphan yet. */
const WAITING_FACTOR = 10;

/** The queue in which its message may wait; undefined: it has been empty since, or nobody knows of one. */
function mayWaitIn(key: string, { stage }: LostJob, { fleet, histories }: Scene): Queue | undefined {
  if (stage === undefined || histories.lostJobs.isOutOfQueue(key)) return undefined;
  for (const queue of fleet.queues.values()) if (queue.stage === stage && queue.ready) return queue;
  return undefined;
}

function describeWait({ scene, waiting }: Circumstances): string {
  const { ready } = waiting ?? {};
  if (waiting && ready && ready.value > 0) {
    return `nobody has taken it up, though queue ${waiting.name} has ${counted(ready.value, 'message')}, of which it may be one`;
  }
  const sentinel = scene.isWatched('sentinels') ? 'no sentinel came, and no other worker' : 'no other worker';
  return `${sentinel} has taken it up: who waits for it waits in vain`;
}

/** Silent where no broker is watched. */
function describeMessage(
  { stage, job, lostAtMs }: Pick<LostJob, 'stage' | 'job' | 'lostAtMs'>,
  { fleet, settings, nowMs }: Scene,
): readonly string[] {
  const health = fleet.sources.get('rabbitmq');
  if (!health) return [];
  const queue = [...fleet.queues.values()].find((one) => stage !== undefined && one.stage === stage);
  const isRedelivered = settings.stages.find(({ id }) => id === stage)?.redelivers ?? null;
  const fate = judgeMessage(
    { startedAtMs: job.startedAtMs, lostAtMs, losses: 1 },
    {
      queue,
      isAnyDelayed: isAnyDelayed(fleet.queues.values()),
      broker: fleet.broker,
      health,
      isRedelivered,
      nowMs,
    },
  );
  if (fate.kind === 'unknown') return [`whether its message is delivered again is not known: ${fate.text}`];
  return [fate.kind === 'gone' ? `its message is gone: ${fate.text}` : fate.text];
}

interface Circumstances {
  readonly scene: Scene;
  readonly waiting: Queue | undefined;
}

function describe(lost: LostJob, circumstances: Circumstances): Detection {
  const { worker, container, stage, gpu, document, job, lostAtMs, how } = lost;
  const { nowMs } = circumstances.scene;
  const { done, total, unit = 'step' } = job;
  const place = done === undefined ? '' : `, at ${unit} ${done}${total === undefined ? '' : ` of ${total}`}`;
  return {
    kind: 'JobOrphaned',
    key: orphanKey(lost),
    subject: {
      container,
      identity: worker,
      ...(stage !== undefined && { stage }),
      ...(gpu !== undefined && { gpu }),
      ...(document !== undefined && { document }),
    },
    summary: `${document ?? 'a job'} was in hand when its container died, and nobody has it since`,
    evidence: [
      `${container}: ${how}, ${formatDuration(nowMs - lostAtMs)} ago`,
      `the job ran for ${formatDuration(Math.max(0, lostAtMs - job.startedAtMs))}${place}`,
      describeWait(circumstances),
      ...describeMessage({ stage, job, lostAtMs }, circumstances.scene),
    ],
    clearsWhen: sayEnd(circumstances.scene.histories.lostJobs.isAwaited(lost)),
    beganAtMs: lostAtMs,
  };
}

function sayEnd(awaited: Awaited): string {
  const taken = 'A sentinel of it comes, or a worker takes it up';
  if (awaited !== 'unknown') return `${taken}, or no orchestrator carries the document any more.`;
  return `${taken}; or ${formatDuration(UNKNOWN_KEPT_MS)} after its worker died, because no orchestrator says that it waits.`;
}
