/** Collects which paths could not be read, as one line a reason, each told once. */

import type { FailureReason } from '../../fleet/failure-reason.js';
import { describeError } from '../../lib/describe-error.js';
import { visibleName } from '../../lib/file-names.js';
import { failureReason, SourceError } from '../source-error.js';
import type { Problem } from './observer-messages.js';

export interface ProblemBook {
  add(path: string, error: unknown): void;
  /** What is new since it was last taken. */
  take(): readonly Problem[];
  /** A pass over everything begins: what it does not find again is over, and is news when it comes back. */
  beginPass(): void;
}

/** Paths told apart, of each reason. */
const MAX_PATHS = 10_000;

export function createProblemBook(): ProblemBook {
  const fresh = new Map<FailureReason, { readonly example: string; count: number }>();
  let told = new Map<FailureReason, Set<string>>();
  let toldBefore = told;

  function isTold(reason: FailureReason, path: string): boolean {
    const paths = told.get(reason) ?? new Set();
    told.set(reason, paths);
    const isKnown = paths.has(path) || paths.size >= MAX_PATHS || toldBefore.get(reason)?.has(path) === true;
    if (paths.size < MAX_PATHS) paths.add(path);
    return isKnown;
  }

  return {
    add(path, error) {
      const reason = failureReason(error);
      if (isTold(reason, path)) return;
      const known = fresh.get(reason);
      if (known) known.count++;
      else {
        const example =
          error instanceof SourceError
            ? error.message
            : `cannot read ${visibleName(path)}: ${describeError(error)}`;
        fresh.set(reason, { example, count: 1 });
      }
    },
    take() {
      const problems = [...fresh].map(([reason, { example, count }]) => ({
        reason,
        problem: count === 1 ? example : `${example} (and ${count - 1} more like it)`,
      }));
      fresh.clear();
      return problems;
    },
    beginPass() {
      toldBefore = told;
      told = new Map();
    },
  };
}
