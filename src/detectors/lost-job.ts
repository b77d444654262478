/** A job that died with its container, and how such jobs are told from each other and from those that ended before. */

import type { ContainerEnd } from '../fleet/model.js';
import type { EndedJob, Job, Worker } from '../fleet/progress-model.js';
import { SLACK_MS } from './job-death.js';

export interface LostJob {
  /** Key of the worker. */
  readonly worker: string;
  readonly container: string;
  readonly stage: string | undefined;
  readonly gpu: string | undefined;
  readonly document: string | undefined;
  readonly job: Job;
  readonly lostAtMs: number;
  /** How the container ended, in words. */
  readonly how: string;
}

/** Names what was lost, whoever had it last; a job without a document is named by its worker. */
export function orphanKey({
  worker,
  stage,
  document,
  job,
}: Pick<LostJob, 'worker' | 'stage' | 'document' | 'job'>): string {
  return document === undefined ? `${worker} ${job.startedAtMs}` : `${stage ?? ''} ${document}`.trim();
}

export function idOf(key: string, { document, startedAtMs }: Job): string {
  return `${key} ${document ?? startedAtMs}`;
}

export function workOf(stage: string | undefined, document: string | undefined): string {
  return `${stage ?? ''}\n${document ?? ''}`;
}

/** The dead worker's file still lies there, and looks like a worker's without a container. */
export function isItsFile({ container, job }: Worker, lost: LostJob): boolean {
  return container === lost.container && job?.startedAtMs === lost.job.startedAtMs;
}

/** It has the same job in the same container. */
export function hasGoneOn(held: Worker, { identity, job }: Worker): boolean {
  return (
    held.identity === identity &&
    job?.startedAtMs === held.job?.startedAtMs &&
    job?.document === held.job?.document
  );
}

/**
 * It was seen to end before, as jobs do: its file was removed, or told of another. `isCrash`: what is seen moments after
 * the end may as well be the start of the next run, which clears what the one before left behind; then the outcome decides.
 */
export function isOverBefore(
  { startedAtMs, document }: Job,
  { container }: Worker,
  { atMs, isCrash = false }: Pick<ContainerEnd, 'atMs'> & { readonly isCrash?: boolean },
  done: readonly EndedJob[],
): boolean {
  return done.some(
    (one) =>
      one.container === container &&
      one.startedAtMs === startedAtMs &&
      one.document === document &&
      one.endedAtMs <= atMs + (isCrash && one.outcome === 'unknown' ? 0 : SLACK_MS),
  );
}

/** Jobs of a container that began and ended since the look before: nobody had seen them in hand. */
export function heldMeanwhile(
  identity: string,
  now: Worker | undefined,
  done: readonly EndedJob[],
): readonly Worker[] {
  return done
    .filter((one) => one.identity === identity)
    .map(({ container, stage, document, startedAtMs, lastStepAtMs = startedAtMs }) => ({
      role: 'worker',
      container,
      identity,
      ...(stage !== undefined && { stage }),
      ...(now?.gpu !== undefined && { gpu: now.gpu }),
      job: {
        ...(document !== undefined && { document }),
        startedAtMs,
        lastProgressAtMs: lastStepAtMs,
        lastHeartbeatAtMs: lastStepAtMs,
      },
    }));
}
