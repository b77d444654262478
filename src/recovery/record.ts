/** What recovery did and left undone, for metrics and for people: counts by stage, and the newest restarts. */

import { ALL_HOLD_REASONS, type HoldReason } from './decision.js';

export const RESTART_RESULTS = ['recovered', 'not_recovered', 'failed', 'dry_run'] as const;
export type RestartResult = (typeof RESTART_RESULTS)[number];

export interface DoneRestart {
  readonly incident: string;
  readonly atMs: number;
  readonly container: string;
  readonly stage?: string;
  readonly result: RestartResult;
  readonly by: string;
  readonly why: string;
  /** What came of it, as a sentence. */
  readonly text: string;
  readonly evidence?: string;
  readonly tookMs: number;
}

/** One object, replaced on change. */
export interface StageRecord {
  readonly stage: string;
  readonly results: Readonly<Record<RestartResult, number>>;
  readonly refused: Readonly<Record<HoldReason, number>>;
  /** How many more restarts its containers' budgets and the fleet's allow. */
  readonly budgetRemaining: number;
}

export interface RecoveryRecord {
  readonly stages: ReadonlyMap<string, StageRecord>;
  /** Newest first. */
  readonly recent: readonly DoneRestart[];
  /** Entries `restart_ended` of the journal, newest first: what earlier lives did. Counters do not rise. */
  restore(entries: readonly { readonly [field: string]: unknown }[]): void;
  done(restart: DoneRestart): void;
  held(stage: string | undefined, reason: HoldReason): void;
  /** Stages that are there now, each with what is left of its budget: their counters begin at 0. */
  noteBudgets(remaining: ReadonlyMap<string, number>): void;
}

export const MAX_RECENT = 50;
/** Where a worker's stage is not known. */
const NO_STAGE = '';

function zeros<K extends string>(keys: readonly K[]): Record<K, number> {
  return Object.fromEntries(keys.map((key) => [key, 0])) as Record<K, number>;
}

export function createRecord(): RecoveryRecord {
  const stages = new Map<string, StageRecord>();
  let recent: readonly DoneRestart[] = [];

  function stageOf(stage: string): StageRecord {
    const known = stages.get(stage);
    if (known) return known;
    return { stage, results: zeros(RESTART_RESULTS), refused: zeros(ALL_HOLD_REASONS), budgetRemaining: 0 };
  }

  return {
    stages,
    get recent() {
      return recent;
    },
    restore(entries) {
      recent = entries.flatMap((entry) => readDone(entry) ?? []).slice(0, MAX_RECENT);
    },
    done(restart) {
      recent = [restart, ...recent].slice(0, MAX_RECENT);
      const known = stageOf(restart.stage ?? NO_STAGE);
      const results = { ...known.results, [restart.result]: known.results[restart.result] + 1 };
      stages.set(known.stage, { ...known, results });
    },
    held(stage, reason) {
      const known = stageOf(stage ?? NO_STAGE);
      const refused = { ...known.refused, [reason]: known.refused[reason] + 1 };
      stages.set(known.stage, { ...known, refused });
    },
    noteBudgets(remaining) {
      for (const [stage, budgetRemaining] of remaining) {
        const known = stageOf(stage);
        if (stages.has(stage) && known.budgetRemaining === budgetRemaining) continue;
        stages.set(stage, { ...known, budgetRemaining });
      }
    },
  };
}

/** Undefined where the entry is none of ours. */
function readDone(entry: Readonly<Record<string, unknown>>): DoneRestart | undefined {
  const { at, incident, container, stage, result, by, why, text, evidence, tookMs } = entry;
  const endedAtMs = Date.parse(String(at));
  const isResult = RESTART_RESULTS.some((one) => one === result);
  if (typeof container !== 'string' || !isResult || Number.isNaN(endedAtMs)) return undefined;
  const took = typeof tookMs === 'number' ? tookMs : 0;
  return {
    incident: String(incident ?? ''),
    atMs: endedAtMs - took,
    container,
    result: result as RestartResult,
    by: String(by ?? ''),
    why: String(why ?? ''),
    text: String(text ?? ''),
    tookMs: took,
    ...(typeof stage === 'string' && { stage }),
    ...(typeof evidence === 'string' && { evidence }),
  };
}
