/** Keeps the lost jobs that wait for their message, over a restart of the daemon too. */

import type { Fleet } from '../../fleet/model.js';
import type { Clock } from '../../lib/clock.js';
import type { DurableSection } from '../../lib/durable-section.js';
import { readLosses, storeLosses, type WaitingLoss } from './stored-losses.js';

export interface Following extends WaitingLoss {
  awayMs: number;
  reason?: string;
  /** From the daemon run before: decided when what came meanwhile is known. */
  readonly isRestored?: true;
}

export interface WaitingLosses {
  readonly all: ReadonlyMap<string, Following>;
  /** Until when the daemon run before watched; undefined: it left none. */
  readonly unseenSinceMs: number | undefined;
  keep(key: string, following: Following): void;
  drop(key: string): void;
}

export interface WaitingLossesOptions {
  /** Loaded at the first use, when the state file is open. */
  readonly section: DurableSection;
  readonly keyOf: (loss: WaitingLoss) => string;
  readonly clock: Clock;
}

const MAX_FOLLOWED = 1000;

export function createWaitingLosses({ section, keyOf, clock }: WaitingLossesOptions): WaitingLosses {
  let loaded: Map<string, Following> | undefined;
  let unseenSinceMs: number | undefined;

  function all(): Map<string, Following> {
    if (loaded) return loaded;
    const stored = readLosses(section.load());
    const restored = (stored?.waiting ?? []).map(
      (one) => [keyOf(one), { ...one, isRestored: true }] as const,
    );
    loaded = new Map(restored);
    if (restored.length > 0) unseenSinceMs = stored?.atMs;
    return loaded;
  }

  function save(): void {
    section.save(() => storeLosses(all().values(), clock.nowMs()));
  }

  return {
    get all() {
      return all();
    },
    get unseenSinceMs() {
      all();
      return unseenSinceMs;
    },
    keep(key, following) {
      all().set(key, following);
      const oldest = all().keys().next();
      if (all().size > MAX_FOLLOWED && !oldest.done) all().delete(oldest.value);
      save();
    },
    drop(key) {
      if (all().delete(key)) save();
    },
  };
}

/** What came while the daemon was down, sentinels above all, is known when each source but the broker was read once. */
export function isPictureWhole({ sources }: Pick<Fleet, 'sources'>): boolean {
  return (['docker', 'progress', 'sentinels'] as const).every((name) => {
    const health = sources.get(name);
    return health === undefined || health.lastSuccessAtMs !== undefined;
  });
}
