/** Keeps what came of the documents each worker had in hand, to tell a bad document from a bad worker. */

export interface WorkerRecords {
  note(worker: string, outcome: RecordedOutcome): void;
  /** The worker fails whatever it takes up, as far as can be told: that it failed this document says nothing of that. */
  isOwnFault(worker: string, document: string): boolean;
}

export interface RecordedOutcome {
  readonly document: string;
  readonly isBad: boolean;
}

const MAX_OUTCOMES = 20;
const MAX_WORKERS = 20_000;
/** So many documents in a row, and it is not the documents. */
const RUN = 3;
/** An attempt is told of again before the worker is through with so many others. */
const RECENT = 3;
/** How many outcomes before and after are looked at. */
const AROUND = 5;

export function createWorkerRecords(): WorkerRecords {
  const records = new Map<string, readonly RecordedOutcome[]>();
  return {
    note(worker, outcome) {
      const known = records.get(worker) ?? [];
      records.delete(worker);
      records.set(worker, withOutcome(known, outcome).slice(-MAX_OUTCOMES));
      const oldest = records.keys().next();
      if (records.size > MAX_WORKERS && !oldest.done) records.delete(oldest.value);
    },
    isOwnFault(worker, document) {
      const outcomes = records.get(worker) ?? [];
      const index = outcomes.findLastIndex((one) => one.document === document);
      return index >= 0 && (isInRun(outcomes, index) || isAmongFailures(outcomes, index));
    },
  };
}

/** One of the last is the same attempt, of which its file's end and its sentinel tell both: what is bad stays bad. */
function withOutcome(
  known: readonly RecordedOutcome[],
  outcome: RecordedOutcome,
): readonly RecordedOutcome[] {
  const at = known.findLastIndex(({ document }) => document === outcome.document);
  if (at < 0 || at < known.length - RECENT) return [...known, outcome];
  return known.with(at, { ...outcome, isBad: outcome.isBad || known[at]?.isBad === true });
}

/** Two in a row may be two bad documents, once a third went well; until then nobody knows. */
function isInRun(outcomes: readonly RecordedOutcome[], index: number): boolean {
  const from = outcomes.findLastIndex(({ isBad }, at) => at < index && !isBad) + 1;
  const after = outcomes.findIndex(({ isBad }, at) => at > index && !isBad);
  const run = outcomes.slice(from, after < 0 ? undefined : after);
  return run.length >= RUN || (run.length > 1 && after < 0);
}

function isAmongFailures(outcomes: readonly RecordedOutcome[], index: number): boolean {
  const around = outcomes.slice(Math.max(0, index - AROUND), index + AROUND + 1);
  const bad = around.filter(({ isBad }) => isBad).length;
  return bad >= RUN && bad > around.length - bad;
}
