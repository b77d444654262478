/** Remembers the longest step of a stage, and in how many jobs since no step went beyond the learned limit. */

/** Both in milliseconds. */
export interface LearnedLimit {
  /** What follows from how long steps usually take. */
  readonly paceMs: number;
  /** The limit: longer where a step went beyond that, and moved on by itself. */
  readonly limitMs: number;
}

export interface StepTail {
  /** The longest step that ended by itself; 0: none is remembered. */
  readonly longestMs: number;
  /** Jobs that ended well since a step last went beyond the limit that was learned until then, and moved on by itself. */
  readonly jobsWithin: number;
  /** `learned` until now; undefined: not enough was known. */
  noteStep(gapMs: number, learned: LearnedLimit | undefined): void;
  noteJob(): void;
  /** As JSON. */
  save(): unknown;
}

interface SavedTail {
  readonly longestMs: number;
  readonly jobsWithin: number;
  readonly jobsSinceLong: number;
}

/** A step as long as once in so many jobs is no surprise: it is remembered for them. */
const FORGOTTEN_AFTER_JOBS = 3000;

/** `saved` is what `save` gave in an earlier life, of unknown shape; `knownMs`: the longest step known otherwise. */
export function createStepTail(saved?: unknown, knownMs = 0): StepTail {
  let { longestMs, jobsWithin, jobsSinceLong } = readSaved(saved) ?? {
    longestMs: knownMs,
    jobsWithin: 0,
    jobsSinceLong: 0,
  };
  return {
    get longestMs() {
      return longestMs;
    },
    get jobsWithin() {
      return jobsWithin;
    },
    noteStep(gapMs, learned) {
      if (gapMs > (learned?.limitMs ?? Number.POSITIVE_INFINITY)) jobsWithin = 0;
      if (gapMs > longestMs || gapMs > (learned?.paceMs ?? Number.POSITIVE_INFINITY)) jobsSinceLong = 0;
      longestMs = Math.max(longestMs, gapMs);
    },
    noteJob() {
      jobsWithin++;
      jobsSinceLong++;
      if (jobsSinceLong < FORGOTTEN_AFTER_JOBS) return;
      longestMs = 0;
      jobsSinceLong = 0;
    },
    save: (): SavedTail => ({ longestMs, jobsWithin, jobsSinceLong }),
  };
}

function readSaved(saved: unknown): SavedTail | undefined {
  if (typeof saved !== 'object' || saved === null) return undefined;
  const fields: Partial<Record<string, unknown>> = { ...saved };
  const [longestMs, jobsWithin, jobsSinceLong] = ['longestMs', 'jobsWithin', 'jobsSinceLong'].map((name) => {
    const value = fields[name];
    return typeof value === 'number' && Number.isFinite(value) && value >= 0 ? value : undefined;
  });
  if (longestMs === undefined || jobsWithin === undefined || jobsSinceLong === undefined) return undefined;
  return { longestMs, jobsWithin, jobsSinceLong };
}
