/** Says in the log what changes about progress files: ignored, of use again, a clock off, another owner; a few of each a minute. */

import type { ProgressIgnoreReason, ProgressReport } from '../../fleet/progress-model.js';
import { clockSkewOf, isSkewCertain, isZoneOffset, type ReadingTimes } from '../../fleet/writer-clock.js';
import { formatDuration } from '../../lib/duration.js';
import { createLogQuota } from '../../lib/log-quota.js';
import type { SourceContext } from '../source.js';
import type { DirectorySweep } from './sweep-directory.js';

export interface ProgressAnnouncer {
  announce(sweep: DirectorySweep, atMs: number): void;
}

/** A writer that does not rename shows half a file again and again: the same is not said twice within this time. */
const QUIET_MS = 10 * 60_000;

interface Problem {
  readonly reason: ProgressIgnoreReason;
  readonly saidAtMs: number;
  readonly isOver: boolean;
}

const FOREIGN =
  'a progress file is owned by a user who does not usually write there; such files may cause restarts';

export function createProgressAnnouncer({
  clock,
  log,
}: Pick<SourceContext, 'clock' | 'log'>): ProgressAnnouncer {
  const quota = createLogQuota({ clock, log });
  const problems = new Map<string, Problem>();
  const skewed = new Set<string>();
  /** What each file said last of when it was written. */
  const stamps = new Map<string, number | undefined>();
  let hasSkipped = false;

  function noteIgnored(name: string, reason: ProgressIgnoreReason, detail: string, atMs: number): void {
    const before = problems.get(name);
    const isRepeated = before?.reason === reason && (!before.isOver || atMs - before.saidAtMs < QUIET_MS);
    if (!isRepeated) quota.warn(reason, { file: `${name}.json`, reason, detail }, 'progress file ignored');
    problems.set(name, { reason, saidAtMs: isRepeated ? before.saidAtMs : atMs, isOver: false });
  }

  function noteUsed(name: string, atMs: number): void {
    const before = problems.get(name);
    if (!before) return;
    if (atMs - before.saidAtMs >= QUIET_MS) problems.delete(name);
    else problems.set(name, { ...before, isOver: true });
    if (!before.isOver) quota.info('used', { file: `${name}.json` }, 'progress file is of use again');
  }

  function followClock(name: string, report: ProgressReport, times: ReadingTimes): void {
    const skewMs = clockSkewOf(report, times);
    const stamp = { before: stamps.get(name), now: report.updatedAtMs, isKnown: stamps.has(name) };
    stamps.set(name, report.updatedAtMs);
    if (skewMs === undefined || isSkewCertain(skewMs, times, stamp)) noteSkew(name, skewMs);
  }

  function noteSkew(name: string, skewMs: number | undefined): void {
    if ((skewMs !== undefined) === skewed.has(name)) return;
    if (skewMs === undefined) {
      skewed.delete(name);
      quota.info('agrees', { file: `${name}.json` }, 'clock of a progress file agrees again');
      return;
    }
    skewed.add(name);
    const off = formatDuration(Math.abs(skewMs));
    const fields = { file: `${name}.json`, ...(skewMs > 0 ? { ahead: off } : { behind: off }) };
    const message = isZoneOffset(skewMs)
      ? 'clock of a progress file is off as by a missing zone: write Unix seconds, or the zone'
      : 'clock of a progress file is off: check time synchronisation';
    quota.warn('skew', fields, message);
  }

  return {
    announce({ changed, removed, skipped, foreign = [] }, atMs) {
      for (const { name, reading, mtimeMs } of changed) {
        if (reading.kind === 'ignored') {
          noteIgnored(name, reading.reason, reading.detail, atMs);
        } else {
          noteUsed(name, atMs);
          followClock(name, reading.report, { atMs, mtimeMs });
        }
      }
      for (const name of removed) {
        problems.delete(name);
        skewed.delete(name);
        stamps.delete(name);
      }
      if (skipped > 0 && !hasSkipped)
        log.warn({ skipped }, 'too many progress files, the last by name are not read');
      hasSkipped = skipped > 0;
      for (const { name, uid } of foreign) quota.warn('foreign', { file: `${name}.json`, uid }, FOREIGN);
    },
  };
}
