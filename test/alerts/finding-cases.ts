/** For each kind of finding: a series as the daemon shows it, and what the alert then says. */

import { FINDING_SEVERITIES, type FindingKind } from '../../src/detectors/finding.js';
import type { AlertCase } from '../support/promtool-case.js';

const TARGET = { job: 'stagewatch', instance: 'dgx-1:9847' };
const WORKER = { container: 'paddle-worker-gpu1-0', stage: 'G3_02', gpu: '1' };
const W = 'paddle-worker-gpu1-0 (G3_02)';
const QUEUE = { queue: 'g3_02', stage: 'G3_02' };

type Told = readonly [subject: Readonly<Record<string, string>>, description: string];

const TOLD: Readonly<Record<FindingKind, Told>> = {
  WorkerStuck: [WORKER, `${W} makes no progress and will not end its job.`],
  OrchestratorStuck: [
    { container: 'orchestrator-3', stage: 'G3_02' },
    'orchestrator-3 (G3_02) waits for what can no longer come. Who holds it up is in heldUpBy of /api/v1/fleet.',
  ],
  StageStalled: [{ stage: 'G3_02' }, 'G3_02 has work, and each of its workers is stuck, starved or down.'],
  PipelineStandstill: [
    {},
    'Every orchestrator waits, no worker is at work, and no message waits: what they wait for ended without a sentinel. Look first whether the disk of the artifacts is full.',
  ],
  QueueNoConsumers: [
    QUEUE,
    'Queue g3_02 (G3_02) has messages waiting and no consumer. Start its workers; restart those that run.',
  ],
  RestartsExhausted: [
    WORKER,
    `${W} is as bad as before after all restarts it may have. Nothing is restarted any more: look at what was saved of it before each restart.`,
  ],
  CommonCause: [
    { gpu: '3' },
    'Many turned bad together on GPU 3. Cure the cause; restarting workers cures nothing.',
  ],
  SourceDown: [
    { source: 'rabbitmq' },
    'rabbitmq cannot be read, and what rests on it is unknown. The reason is at /-/ready and in the log of stagewatch.',
  ],
  InfrastructureDown: [
    { container: 'rabbitmq' },
    'rabbitmq does not run, or is unhealthy, and the pipeline depends on it.',
  ],
  GpuError: [{ gpu: '3' }, 'GPU 3 left, or reported an XID error that its programs do not survive.'],
  WorkerSlow: [
    WORKER,
    `${W} takes longer than its stage ever needs, and still moves. Leave it; look whether its GPU is shared with too many.`,
  ],
  WorkerSpinning: [
    WORKER,
    `${W} makes no progress, and its GPU is fully used at the power of an idle one: a kernel spins or hangs.`,
  ],
  WorkerStarved: [WORKER, `${W} has no job and has lost its consumer: it will never take one.`],
  WorkerDown: [WORKER, `${W} ended by itself, or is paused.`],
  WorkerCrashLooping: [WORKER, `${W} ends again and again, and its restart policy hides why.`],
  WorkerUnhealthy: [WORKER, `The health check of ${W} fails.`],
  JobOrphaned: [
    WORKER,
    `${W} died with a job in hand that nobody took up. Dispatch the document again, or write its failure sentinel.`,
  ],
  JobNearAckLimit: [
    WORKER,
    `${W} will soon have its job taken away by the broker, which then delivers it again. Raise consumer_timeout.`,
  ],
  PoisonDocument: [
    { stage: 'G3_02' },
    'A document of G3_02 failed, stalled or crashed several workers. Its name is at /api/v1/findings: take it out of the run.',
  ],
  QueueGrowing: [
    QUEUE,
    'Queue g3_02 (G3_02) has been rising all along: more comes in than goes out. More workers for the stage, or fewer orchestrators.',
  ],
  QueueMissing: [QUEUE, 'Queue g3_02 (G3_02) is not on the broker. Declare it, or correct stages[].queue.'],
  DeadLettersGrowing: [
    QUEUE,
    'Queue g3_02 (G3_02) takes dead letters: jobs that were rejected, expired or delivered too often. Which queue gave them up is at /api/v1/findings.',
  ],
  FailuresSpiking: [
    { stage: 'G3_02' },
    'G3_02 fails far more often than before. The newest error is at /api/v1/findings, reasons are in pipeline_failures_total.',
  ],
  GpuMemoryHigh: [
    { gpu: '3' },
    'The memory of GPU 3 is nearly full: the next allocation may fail. Fewer workers on it.',
  ],
  GpuMemoryLeaked: [{ gpu: '3' }, 'The memory in use of GPU 3 only rises, or belongs to no container.'],
  BackupStale: [
    { container: 'backup' },
    'backup has failed, or shown no sign of work for too long: results are not copied away.',
  ],
  LogErrors: [
    { stage: 'G3_02' },
    'Workers of G3_02 print lines that fit a pattern of logs.patterns. stagewatch shows the lines.',
  ],
  NotificationsFailing: [
    { channel: 'email' },
    'email of stagewatch fails: whoever relies on it hears nothing.',
  ],
  ProgressClockSkewed: [
    WORKER,
    `The times that ${W} writes are off. Run a time service there; write no local time without its zone.`,
  ],
  ProgressUnreadable: [
    WORKER,
    `The progress file of ${W} is of no use, and what it does is unknown. Look at the file and at stagewatch_progress_files_ignored.`,
  ],
};

function seriesOf(labels: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${value}"`);
  return `pipeline_finding_active{${pairs.join(',')}}`;
}

/** Open from 1m on, from 2m on as a consequence of a common cause, which must not make it another alert, gone at 3m. */
export const FINDING_CASES: readonly AlertCase[] = Object.entries(TOLD).map(
  ([kind, [subject, description]]) => {
    const labels = { ...TARGET, kind, ...subject };
    const shown = { ...labels, severity: FINDING_SEVERITIES[kind as FindingKind] };
    return {
      alert: `Pipeline${kind}`,
      input: {
        [seriesOf(shown)]: '_x4 1x3 stale',
        [seriesOf({ ...shown, cause: 'common' })]: '_x8 1x3 stale',
      },
      quietAt: ['45s'],
      firesAt: ['1m', '1m45s', '2m', '4m45s'],
      resolvedAt: ['5m'],
      labels,
      description,
    };
  },
);

export const CONSEQUENCE_CASE: AlertCase = {
  alert: 'PipelineConsequence',
  input: {
    [seriesOf({ ...TARGET, kind: 'WorkerStuck', severity: 'critical', ...WORKER })]: '1x3 stale',
    [seriesOf({ ...TARGET, kind: 'WorkerStuck', severity: 'critical', ...WORKER, cause: 'common' })]:
      '_x4 1x3 stale',
  },
  quietAt: ['45s'],
  // After the alert that it mutes: that one ends 2m after the finding.
  firesAt: ['1m', '4m', '5m45s'],
  resolvedAt: ['6m'],
  labels: { ...TARGET, kind: 'WorkerStuck', ...WORKER },
  description: 'WorkerStuck follows from another finding; consequenceOf at /api/v1/findings names it.',
};
