/**
 * Follows one writer of progress from reading to reading: when its job started, moved and ended.
 *
 * Clocks: a worker's own times are only compared with each other and bounded by ours. What changed between two of our
 * looks happened between them, whatever the worker's clock says; only what stood there before our first look is dated
 * by the file, so that a restart of the daemon makes no stuck worker look fresh. See writer-clock.ts.
 */

import { isSameData } from '../lib/same-data.js';
import type { Job, JobEnd, JobOutcome, ProgressIgnoreReason, ProgressReport } from './progress-model.js';
import {
  changeTime,
  clockSkewOf,
  isSkewCertain,
  isStartDoubtful,
  type ReadingTimes,
  startTime,
} from './writer-clock.js';

/** After a longer time without a look nobody knows when a file was removed. */
const MAX_BLIND_MS = 60_000;
const RESTING_STATES = new Set(['idle', 'done', 'failed']);

/** What is progress when it changes. */
type Told = Pick<ProgressReport, 'done' | 'total' | 'document' | 'state' | 'message' | 'stage' | 'completed'>;

export interface TrackedJob {
  readonly job: Job;
  /** The last value of each that a report had: what one lacks has not changed. */
  readonly told: Told;
  /** As written, on the worker's clock: part of the job's identity. */
  readonly reportedStartMs?: number;
  readonly isStartKnown: boolean;
  /** When `done` last moved, if both that and what came before were seen. */
  readonly doneMovedAtMs?: number;
}

export interface Tracker {
  /** What was last understood. */
  readonly report: ProgressReport;
  readonly mtimeMs?: number;
  /** Our clock when it last changed. */
  readonly heardAtMs: number;
  readonly tracked?: TrackedJob;
  readonly isByMessage?: true;
  /** Why what is there now cannot be used. */
  readonly unreadable?: ProgressIgnoreReason;
}

/** The circumstances of a reading, by our clock. */
export interface Look extends ReadingTimes {
  /** When the writer's last job ended; undefined: none was seen. It has one at a time. */
  readonly notBeforeMs?: number | undefined;
}

export interface TrackedEnd {
  readonly tracked: TrackedJob;
  readonly endedAtMs: number;
  readonly durationMs?: number;
  readonly outcome: JobOutcome;
  readonly end: JobEnd;
}

export interface Advance {
  readonly tracker: Tracker;
  readonly ended: readonly TrackedEnd[];
  /** Time since the move of `done` before. */
  readonly gapMs?: number;
}

export function advanceTracker(before: Tracker | undefined, report: ProgressReport, look: Look): Advance {
  const skewMs = clockSkewOf(report, look);
  const changedAtMs = changeTime(report, look, skewMs);
  const old = before?.tracked;
  const isContinued = old !== undefined && isSameJob(old, report);
  const ended: TrackedEnd[] = [];
  if (old && !(isContinued && isBusy(report))) {
    const { end, outcome } = isContinued ? endByState(report) : endByAnother(report);
    ended.push(endTracked(old, { endedAtMs: changedAtMs, end, outcome }));
  }
  const toldSkewMs = toldSkew({ before, report, look, skewMs, changedAtMs });
  const context = { report, look, skewMs, changedAtMs, toldSkewMs };
  if (!isContinued && hasUnseenJob(before, context)) {
    ended.push(endTracked(startJob(context), { endedAtMs: changedAtMs, ...endByState(report) }));
  }
  const tracked = !isBusy(report) ? undefined : isContinued ? continueJob(old, context) : startJob(context);
  const gapMs = isContinued ? doneGap(old, tracked) : undefined;
  return {
    tracker: {
      report,
      heardAtMs: changedAtMs,
      ...(look.mtimeMs !== undefined && { mtimeMs: look.mtimeMs }),
      ...(look.isByMessage && { isByMessage: true }),
      ...(tracked && { tracked }),
    },
    ended,
    ...(gapMs !== undefined && { gapMs }),
  };
}

/** The file is gone. */
export function endByRemoval({ tracked }: Tracker, { atMs, sinceMs }: Look): TrackedEnd | undefined {
  if (!tracked) return undefined;
  const end = endTracked(tracked, { endedAtMs: atMs, end: 'removed', outcome: 'unknown' });
  if (sinceMs !== undefined && atMs - sinceMs <= MAX_BLIND_MS) return end;
  const { durationMs: _unknown, ...rest } = end;
  return rest;
}

/** Nothing more was heard of it: nobody knows whether it ended. */
export function endBySilence({ tracked, heardAtMs }: Tracker): TrackedEnd | undefined {
  return tracked && { tracked, endedAtMs: heardAtMs, outcome: 'unknown', end: 'silent' };
}

function isBusy({ state, document }: ProgressReport): boolean {
  if (state === undefined) return true;
  if (state === 'waiting') return document !== undefined;
  return !RESTING_STATES.has(state);
}

function isSameJob({ job, reportedStartMs }: TrackedJob, report: ProgressReport): boolean {
  const isOther = <T>(one: T | undefined, other: T | undefined): boolean =>
    one !== undefined && other !== undefined && one !== other;
  return !isOther(job.document, report.document) && !isOther(reportedStartMs, report.startedAtMs);
}

function endByState({ state }: ProgressReport): { end: JobEnd; outcome: JobOutcome } {
  const outcome = state === 'done' ? 'succeeded' : state === 'failed' ? 'failed' : 'unknown';
  return { end: 'state', outcome };
}

/** The writer is on (or done with) something else; how the job before ended, it does not say. */
function endByAnother(report: ProgressReport): { end: JobEnd; outcome: JobOutcome } {
  return isBusy(report) || hasJobIdentity(report)
    ? { end: 'replaced', outcome: 'unknown' }
    : endByState(report);
}

function hasJobIdentity({ document, startedAtMs }: ProgressReport): boolean {
  return document !== undefined || startedAtMs !== undefined;
}

interface Context {
  readonly report: ProgressReport;
  readonly look: Look;
  readonly skewMs: number | undefined;
  readonly changedAtMs: number;
  /** Of which a person is to know. */
  readonly toldSkewMs: number | undefined;
}

interface SkewContext extends Omit<Context, 'toldSkewMs'> {
  readonly before: Tracker | undefined;
}

function toldSkew({ before, report, look, skewMs, changedAtMs }: SkewContext): number | undefined {
  const old = before?.tracked;
  const isContinued = old !== undefined && isSameJob(old, report);
  const oldSkewMs = isContinued ? old.job.clockSkewMs : undefined;
  if (skewMs !== undefined) {
    const stamps = {
      before: before?.report.updatedAtMs,
      now: report.updatedAtMs,
      isKnown: before !== undefined,
    };
    return isSkewCertain(skewMs, look, stamps) ? skewMs : oldSkewMs;
  }
  if (report.updatedAtMs !== undefined || report.startedAtMs === undefined) return undefined;
  if (isContinued) return oldSkewMs;
  const isSeen = look.sinceMs !== undefined && isStartDoubtful(report, look, skewMs);
  return isSeen ? report.startedAtMs - changedAtMs : undefined;
}

/** A job that began and ended between two looks, told of by its end only. */
function hasUnseenJob(before: Tracker | undefined, { report, look }: Context): boolean {
  if (look.sinceMs === undefined || (report.state !== 'done' && report.state !== 'failed')) return false;
  if (!hasJobIdentity(report)) return false;
  return before?.report.document !== report.document || before?.report.startedAtMs !== report.startedAtMs;
}

function startJob(context: Context): TrackedJob {
  const { report, look, changedAtMs, toldSkewMs } = context;
  const isSeenFromStart = look.sinceMs !== undefined;
  const toldMs = startTime(report, look, context);
  // A clock that is behind tells a start that lies in the job before.
  const startedAtMs = Math.max(toldMs, Math.min(look.notBeforeMs ?? toldMs, changedAtMs));
  return {
    job: describeJob(report, {
      startedAtMs,
      lastProgressAtMs: changedAtMs,
      lastHeartbeatAtMs: changedAtMs,
      clockSkewMs: toldSkewMs,
    }),
    told: report,
    ...(report.startedAtMs !== undefined && { reportedStartMs: report.startedAtMs }),
    isStartKnown: isSeenFromStart || report.startedAtMs !== undefined,
    ...(isSeenFromStart && { doneMovedAtMs: changedAtMs }),
  };
}

function continueJob(old: TrackedJob, context: Context): TrackedJob {
  const { report, look, changedAtMs, toldSkewMs } = context;
  const { job, reportedStartMs = report.startedAtMs } = old;
  const isStartNew = old.reportedStartMs === undefined && report.startedAtMs !== undefined;
  const told = hasProgressed(old.told, report) ? { ...old.told, ...report } : old.told;
  const hasMoved = told !== old.told;
  const hasDoneMoved = report.done !== undefined && report.done !== old.told.done;
  const doneMovedAtMs = hasDoneMoved ? changedAtMs : old.doneMovedAtMs;
  return {
    job: describeJob(report, {
      startedAtMs: isStartNew
        ? Math.min(startTime(report, look, context), job.lastProgressAtMs)
        : job.startedAtMs,
      lastProgressAtMs: hasMoved ? Math.max(job.lastProgressAtMs, changedAtMs) : job.lastProgressAtMs,
      lastHeartbeatAtMs: Math.max(job.lastHeartbeatAtMs, changedAtMs),
      clockSkewMs: toldSkewMs,
    }),
    told,
    isStartKnown: old.isStartKnown || isStartNew,
    ...(reportedStartMs !== undefined && { reportedStartMs }),
    ...(doneMovedAtMs !== undefined && { doneMovedAtMs }),
  };
}

const TOLD = ['done', 'total', 'document', 'state', 'message', 'stage'] as const;

/** A second writer of the file, as a thread that beats, may leave out what the first one told. */
function hasProgressed(before: Told, now: ProgressReport): boolean {
  for (const part of TOLD) if (now[part] !== undefined && now[part] !== before[part]) return true;
  return now.completed !== undefined && !isSameData(before.completed, now.completed);
}

interface JobTimes {
  readonly startedAtMs: number;
  readonly lastProgressAtMs: number;
  readonly lastHeartbeatAtMs: number;
  readonly clockSkewMs: number | undefined;
}

/** Assigned one by one: this runs for every file that changed. */
function describeJob(report: ProgressReport, times: JobTimes): Job {
  const job: { -readonly [K in keyof Job]: Job[K] } = {
    startedAtMs: times.startedAtMs,
    lastProgressAtMs: times.lastProgressAtMs,
    lastHeartbeatAtMs: times.lastHeartbeatAtMs,
  };
  if (report.document !== undefined) job.document = report.document;
  if (report.done !== undefined) job.done = report.done;
  if (report.total !== undefined) job.total = report.total;
  if (report.unit !== undefined) job.unit = report.unit;
  if (report.message !== undefined) job.message = report.message;
  if (report.state !== undefined) job.state = report.state;
  if (times.clockSkewMs !== undefined) job.clockSkewMs = times.clockSkewMs;
  return job;
}

function endTracked(tracked: TrackedJob, how: Omit<TrackedEnd, 'tracked' | 'durationMs'>): TrackedEnd {
  const durationMs = Math.max(0, how.endedAtMs - tracked.job.startedAtMs);
  return { tracked, ...how, ...(tracked.isStartKnown && { durationMs }) };
}

function doneGap(old: TrackedJob, now: TrackedJob | undefined): number | undefined {
  if (now?.doneMovedAtMs === undefined || old.doneMovedAtMs === undefined) return undefined;
  return now.doneMovedAtMs > old.doneMovedAtMs ? now.doneMovedAtMs - old.doneMovedAtMs : undefined;
}
