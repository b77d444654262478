/** Reports how a source's reads end: as observations always, in the log only when that changes. */

import type { SourceName } from '../fleet/model.js';
import { describeError } from '../lib/describe-error.js';
import { createLogQuota } from '../lib/log-quota.js';
import type { SourceContext } from './source.js';
import { failureReason } from './source-error.js';

const MAX_PARTIALS_LOGGED = 100;

export interface HealthReporter {
  succeeded(durationMs: number): void;
  /** The read failed as a whole: the source is down. */
  failed(error: unknown): void;
  /**
   * A part of a read failed; the rest holds. Each problem is logged once until the source was down or is forgotten, and of
   * one reason only a few a minute: what is broken at full speed must not fill the log.
   */
  failedInPart(error: unknown): void;
  /** What the operator should cure although all can be read; undefined: it is cured. */
  warned(warning: string | undefined): void;
}

export function createHealthReporter(
  source: SourceName,
  { clock, log, apply }: SourceContext,
): HealthReporter {
  let state: 'unknown' | 'up' | 'down' = 'unknown';
  let lastProblem = '';
  let lastWarning: string | undefined;
  const partialsLogged = new Set<string>();
  const quota = createLogQuota({ clock, log });

  return {
    succeeded(durationMs) {
      apply({ kind: 'source-read', source, atMs: clock.nowMs(), durationMs });
      if (state === 'down') log.info('source is back');
      if (state !== 'up') partialsLogged.clear();
      state = 'up';
      lastProblem = '';
    },
    failed(error) {
      const problem = describeError(error);
      const reason = failureReason(error);
      apply({ kind: 'source-failed', source, atMs: clock.nowMs(), reason, problem });
      if (state !== 'down' || problem !== lastProblem)
        log.warn({ reason, problem }, 'source is down, retrying');
      state = 'down';
      lastProblem = problem;
    },
    warned(warning) {
      if (warning === lastWarning) return;
      if (warning === undefined) log.info({ warning: lastWarning }, 'warning is over');
      else log.warn({ warning }, 'source can be read, with a warning');
      lastWarning = warning;
      apply({ kind: 'source-warned', source, ...(warning !== undefined && { warning }) });
    },
    failedInPart(error) {
      const problem = describeError(error);
      const reason = failureReason(error);
      apply({ kind: 'source-failed', source, atMs: clock.nowMs(), reason, problem, isPartial: true });
      if (!partialsLogged.has(problem)) quota.warn(reason, { reason, problem }, 'part of a read failed');
      partialsLogged.add(problem);
      if (partialsLogged.size > MAX_PARTIALS_LOGGED)
        partialsLogged.delete(partialsLogged.values().next().value ?? '');
    },
  };
}
