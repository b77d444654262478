/** What is known of a job whose worker is lost, and how it is told in a failure sentinel. */

import type { ContainerEnd } from '../../fleet/model.js';
import type { Job } from '../../fleet/progress-model.js';
import { formatDuration } from '../../lib/duration.js';

export interface LostJob {
  /** Key of the worker in the fleet. */
  readonly worker: string;
  readonly container: string;
  readonly stage?: string;
  readonly job: Job;
  readonly lostAtMs: number;
  readonly cause:
    | { readonly kind: 'died'; readonly end: ContainerEnd }
    | { readonly kind: 'stuck'; readonly summary: string };
}

const SIGNAL_NAMES: Readonly<Record<number, string>> = {
  4: 'SIGILL',
  6: 'SIGABRT',
  7: 'SIGBUS',
  8: 'SIGFPE',
  9: 'SIGKILL',
  11: 'SIGSEGV',
  15: 'SIGTERM',
};
const MAX_CONTAINER_NAME = 255;

/** The content of the file, with a line break; a reader needs `error` only. */
export function renderFailureSentinel(lost: LostJob): string {
  const { container, stage, job, lostAtMs, cause } = lost;
  const signal = cause.kind === 'died' ? signalOf(cause.end) : undefined;
  const content = {
    error: describeLoss(lost),
    worker: container.slice(0, MAX_CONTAINER_NAME),
    failed_at: new Date(lostAtMs).toISOString(),
    ...(stage !== undefined && { stage }),
    ...(job.document !== undefined && { document: job.document }),
    ...(cause.kind === 'died' && { exit_code: cause.end.exitCode, oom_killed: cause.end.reason === 'oom' }),
    ...(signal !== undefined && { signal }),
    started_at: new Date(job.startedAtMs).toISOString(),
    written_by: 'stagewatch',
  };
  return `${JSON.stringify(content, null, 2)}\n`;
}

/** One line, in words by which failures are grouped: see `sentinels.reasons`. */
export function describeLoss({ container, job, lostAtMs, cause }: LostJob): string {
  const { done, total, unit = 'step' } = job;
  const place = done === undefined ? '' : `, at ${unit} ${done}${total === undefined ? '' : ` of ${total}`}`;
  const after = `after ${formatDuration(Math.max(0, lostAtMs - job.startedAtMs))}${place}`;
  if (cause.kind === 'stuck')
    return `worker ${container} was stuck (${cause.summary}) and is restarted, ${after}`;
  return `worker ${container} died in the middle of the job: ${describeEnd(cause.end)}, ${after}`;
}

function describeEnd(end: ContainerEnd): string {
  if (end.reason === 'oom') return 'OOMKilled, the kernel killed it for want of memory';
  const signal = signalOf(end);
  if (signal === undefined) return `exit status ${end.exitCode ?? 'unknown'}`;
  return `ended by signal ${signal}${SIGNAL_NAMES[signal] ? ` (${SIGNAL_NAMES[signal]})` : ''}`;
}

function signalOf({ reason, exitCode }: ContainerEnd): number | undefined {
  if (exitCode === undefined || exitCode <= 128) return undefined;
  return reason === 'signal' || reason === 'oom' ? exitCode - 128 : undefined;
}
