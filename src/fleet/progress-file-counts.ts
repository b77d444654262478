/** Counts the progress files that are there now: how many are of use, and why the others are not. */

import {
  type IgnoredProgressFile,
  PROGRESS_IGNORE_REASONS,
  type ProgressFileCounts,
  type ProgressIgnoreReason,
} from './progress-model.js';
import type { Tracker } from './progress-tracker.js';

export function countProgressFiles(
  trackers: readonly Tracker[],
  ignoredFiles: Iterable<IgnoredProgressFile>,
  skipped: number,
): ProgressFileCounts {
  const ignored = Object.fromEntries(PROGRESS_IGNORE_REASONS.map((reason) => [reason, 0])) as Record<
    ProgressIgnoreReason,
    number
  >;
  ignored.too_many += skipped;
  for (const { reason } of ignoredFiles) ignored[reason]++;
  return { used: trackers.filter(({ unreadable }) => !unreadable).length, ignored };
}
