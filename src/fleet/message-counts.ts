/** Counts the progress messages that are of no use, by reason. */

import {
  type IgnoredProgressMessages,
  MESSAGE_IGNORE_REASONS,
  type ProgressIgnoreReason,
} from './progress-model.js';

export const NO_IGNORED_MESSAGES: IgnoredProgressMessages = {
  counts: Object.fromEntries(MESSAGE_IGNORE_REASONS.map((reason) => [reason, 0])),
  last: new Map(),
};

export function countIgnoredMessage(
  { counts, last }: IgnoredProgressMessages,
  reason: ProgressIgnoreReason,
  { detail, atMs }: { readonly detail: string; readonly atMs: number },
): IgnoredProgressMessages {
  return {
    counts: { ...counts, [reason]: (counts[reason] ?? 0) + 1 },
    last: new Map(last).set(reason, { detail, atMs }),
  };
}
