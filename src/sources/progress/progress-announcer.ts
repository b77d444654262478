/** Says in the log what changes about progress files: ignored, of use again, a clock off. */

import type { ProgressIgnoreReason, ProgressReport } from '../../fleet/progress-model.js';
import { clockSkewOf, isSkewCertain, isZoneOffset, type ReadingTimes } from '../../fleet/writer-clock.js';
import { formatDuration } from '../../lib/duration.js';
import type { Logger } from '../../lib/logger.js';
import type { DirectorySweep } from './sweep-directory.js';

export interface ProgressAnnouncer {
  announce(sweep: DirectorySweep, atMs: number): void;
}

/** Lines from one look; the rest is one line with their number. */
const MAX_LINES = 20;
/** A writer that does not rename shows half a file again and again: the same is not said twice within this time. */
const QUIET_MS = 10 * 60_000;

interface Problem {
  readonly reason: ProgressIgnoreReason;
  readonly saidAtMs: number;
  readonly isOver: boolean;
}

export function createProgressAnnouncer(log: Logger): ProgressAnnouncer {
  const problems = new Map<string, Problem>();
  const skewed = new Set<string>();
  /** What each file said last of when it was written. */
  const stamps = new Map<string, number | undefined>();
  let hasSkipped = false;
  let lines = 0;
  let unsaid = 0;

  function say(level: 'warn' | 'info', fields: object, message: string): void {
    if (++lines <= MAX_LINES) log[level](fields, message);
    else unsaid++;
  }

  function noteIgnored(name: string, reason: ProgressIgnoreReason, detail: string, atMs: number): void {
    const before = problems.get(name);
    const isRepeated = before?.reason === reason && (!before.isOver || atMs - before.saidAtMs < QUIET_MS);
    if (!isRepeated) say('warn', { file: `${name}.json`, reason, detail }, 'progress file ignored');
    problems.set(name, { reason, saidAtMs: isRepeated ? before.saidAtMs : atMs, isOver: false });
  }

  function noteUsed(name: string, atMs: number): void {
    const before = problems.get(name);
    if (!before) return;
    if (atMs - before.saidAtMs >= QUIET_MS) problems.delete(name);
    else problems.set(name, { ...before, isOver: true });
    if (!before.isOver) say('info', { file: `${name}.json` }, 'progress file is of use again');
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
      say('info', { file: `${name}.json` }, 'clock of a progress file agrees again');
      return;
    }
    skewed.add(name);
    const off = formatDuration(Math.abs(skewMs));
    const fields = { file: `${name}.json`, ...(skewMs > 0 ? { ahead: off } : { behind: off }) };
    const message = isZoneOffset(skewMs)
      ? 'clock of a progress file is off as by a missing zone: write Unix seconds, or the zone'
      : 'clock of a progress file is off: check time synchronisation';
    say('warn', fields, message);
  }

  return {
    announce({ changed, removed, skipped }, atMs) {
      lines = 0;
      unsaid = 0;
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
      if (unsaid > 0) log.warn({ files: unsaid }, 'the same of further progress files');
    },
  };
}
