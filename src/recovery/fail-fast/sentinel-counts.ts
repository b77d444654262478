/** Counts what became of failure sentinels, by stage. */

import { NOT_WRITTEN_REASONS, type NotWrittenReason } from './plan-failure-sentinel.js';

/** Since the daemon's start; each map is replaced on change. */
export interface FailureSentinelCounts {
  readonly written: ReadonlyMap<string, number>;
  readonly withdrawn: ReadonlyMap<string, number>;
  readonly notWritten: ReadonlyMap<string, Readonly<Record<NotWrittenReason, number>>>;
  readonly noneNotWritten: Readonly<Record<NotWrittenReason, number>>;
}

export interface SentinelCounter {
  readonly counts: FailureSentinelCounts;
  add(what: 'written' | 'withdrawn', stage: string | undefined): void;
  addNotWritten(reason: NotWrittenReason, stage: string | undefined): void;
}

/** Stages beyond are counted together. */
const MAX_STAGES = 500;

const NONE = Object.fromEntries(NOT_WRITTEN_REASONS.map((reason) => [reason, 0])) as Readonly<
  Record<NotWrittenReason, number>
>;

export function createSentinelCounter(): SentinelCounter {
  let counts: FailureSentinelCounts = {
    written: new Map(),
    withdrawn: new Map(),
    notWritten: new Map(),
    noneNotWritten: NONE,
  };
  return {
    get counts() {
      return counts;
    },
    add(what, stage) {
      const label = labelOf(counts[what], stage);
      counts = { ...counts, [what]: new Map(counts[what]).set(label, (counts[what].get(label) ?? 0) + 1) };
    },
    addNotWritten(reason, stage) {
      const label = labelOf(counts.notWritten, stage);
      const before = counts.notWritten.get(label) ?? NONE;
      const next = { ...before, [reason]: before[reason] + 1 };
      counts = { ...counts, notWritten: new Map(counts.notWritten).set(label, next) };
    },
  };
}

function labelOf(known: ReadonlyMap<string, unknown>, stage = 'unknown'): string {
  return known.has(stage) || known.size < MAX_STAGES ? stage : 'other';
}
