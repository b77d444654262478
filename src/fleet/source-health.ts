/** Folds what each source reports of itself into its health. */

import { FAILURE_REASONS, type FailureReason } from './failure-reason.js';
import type { SourceHealth } from './model.js';
import type { Observation } from './observations.js';

const NO_FAILURES = Object.fromEntries(FAILURE_REASONS.map((reason) => [reason, 0])) as Record<
  FailureReason,
  number
>;

type SourceObservation = Extract<Observation, { source: unknown }>;

export function applySourceReport(base: SourceHealth, report: SourceObservation): SourceHealth {
  switch (report.kind) {
    case 'source-watched':
      return { ...base, target: report.target };
    case 'source-read': {
      const { problem: _cleared, ...rest } = base;
      return {
        ...rest,
        isUp: true,
        lastSuccessAtMs: report.atMs,
        lastAttemptAtMs: report.atMs,
        lastDurationMs: report.durationMs,
      };
    }
    case 'source-warned': {
      const { warning: _cured, ...rest } = base;
      return { ...rest, ...(report.warning !== undefined && { warning: report.warning }) };
    }
    case 'source-failed': {
      const failures = { ...base.failures, [report.reason]: base.failures[report.reason] + 1 };
      if (report.isPartial) return { ...base, failures };
      return { ...base, failures, isUp: false, lastAttemptAtMs: report.atMs, problem: report.problem };
    }
  }
}

/** A source that has not been read yet; `failures` are those of its earlier life: a counter never falls. */
export function unreadSource(
  source: SourceHealth['source'],
  failures: SourceHealth['failures'] = NO_FAILURES,
): SourceHealth {
  return { source, target: '', failures };
}
