/** Counts the sentinels present by stage, in numbers small enough to keep beside each file. */

import type { SentinelCount } from '../../fleet/sentinel-observations.js';

export interface StageCounts {
  /** The number of a stage, the same for the life of the counts. */
  indexOf(stage: string): number;
  nameOf(index: number): string;
  addSuccesses(index: number, count: number): void;
  addFailures(index: number, count: number): void;
  /** Of the stages that changed since the last call. */
  takeChanged(): readonly SentinelCount[];
}

/** Stages come from names of folders: a pattern that is too wide must not flood the metrics. */
export const MAX_STAGES = 500;
export const OTHER_STAGE = 'other';

/** `onOverflow` is called once, for the first stage that is one too many. */
export function createStageCounts(onOverflow: () => void = () => undefined): StageCounts {
  const names: string[] = [];
  const indexes = new Map<string, number>();
  const successes: number[] = [];
  const failures: number[] = [];
  const changed = new Set<number>();
  // Sentinels of one stage come in runs: a look-up a run is enough.
  let last = '';
  let lastIndex = -1;

  function add(stage: string): number {
    const index = names.push(stage) - 1;
    indexes.set(stage, index);
    successes.push(0);
    failures.push(0);
    return index;
  }

  function find(stage: string): number {
    const known = indexes.get(stage);
    if (known !== undefined) return known;
    if (names.length < MAX_STAGES) return add(stage);
    const other = indexes.get(OTHER_STAGE);
    if (other !== undefined) return other;
    onOverflow();
    return add(OTHER_STAGE);
  }

  function addTo(counts: number[], index: number, count: number): void {
    counts[index] = (counts[index] ?? 0) + count;
    changed.add(index);
  }

  return {
    indexOf(stage) {
      if (stage !== last || lastIndex < 0) {
        lastIndex = find(stage);
        last = stage;
      }
      return lastIndex;
    },
    nameOf: (index) => names[index] ?? OTHER_STAGE,
    addSuccesses: (index, count) => addTo(successes, index, count),
    addFailures: (index, count) => addTo(failures, index, count),
    takeChanged() {
      const counts = [...changed].map((index) => ({
        stage: names[index] ?? OTHER_STAGE,
        successes: successes[index] ?? 0,
        failures: failures[index] ?? 0,
      }));
      changed.clear();
      return counts;
    },
  };
}
