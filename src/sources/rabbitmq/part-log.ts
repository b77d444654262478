/** Reports the parts of the source that fail while others hold: counted at each read, logged when it changes, a few times a minute. */

import type { SourceName } from '../../fleet/model.js';
import { describeError } from '../../lib/describe-error.js';
import { createLogQuota } from '../../lib/log-quota.js';
import type { SourceContext } from '../source.js';
import { failureReason } from '../source-error.js';

export interface PartLog {
  /** How a part fared; undefined: well. */
  note(part: string, problem: unknown): void;
  /** The source as a whole is down and says so: what parts said before is void. */
  forgetAll(): void;
}

export function createPartLog(source: SourceName, { apply, clock, log }: SourceContext): PartLog {
  const problems = new Map<string, string>();
  const quota = createLogQuota({ clock, log });
  return {
    note(part, error) {
      if (error === undefined) {
        if (problems.delete(part)) quota.info(`${part} back`, { part }, 'part of the source is back');
        return;
      }
      const problem = describeError(error);
      const reason = failureReason(error);
      apply({ kind: 'source-failed', source, atMs: clock.nowMs(), reason, problem, isPartial: true });
      if (problems.get(part) !== problem)
        quota.warn(part, { part, reason, problem }, 'part of the source is down, retrying');
      problems.set(part, problem);
    },
    forgetAll: () => problems.clear(),
  };
}
