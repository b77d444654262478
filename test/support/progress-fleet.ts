/** A fleet that is told of progress files, messages and containers by hand. */

import { createClassifier } from '../../src/fleet/classify.js';
import { createFleetStore, type FleetStore } from '../../src/fleet/fleet-store.js';
import type { ContainerFacts } from '../../src/fleet/observations.js';
import { parseProgress } from '../../src/fleet/parse-progress.js';
import { TEST_CLASSIFY } from './source-harness.js';

export const T0 = 1_763_900_000_000;

export interface ProgressFleet extends FleetStore {
  /** One look at the folder; a value is what stands in the file now, undefined: the file is gone. */
  look(
    atSeconds: number,
    files?: Readonly<Record<string, object | string | undefined>>,
    options?: LookOptions,
  ): void;
  container(facts: Partial<ContainerFacts> & { readonly name: string }): void;
}

export interface LookOptions {
  readonly isComplete?: boolean;
  readonly mtimeSeconds?: number;
}

export const seconds = (offset: number): number => T0 / 1000 + offset;

export function createProgressFleet(classify = TEST_CLASSIFY): ProgressFleet {
  const store = createFleetStore(createClassifier(classify));
  return {
    ...store,
    look(atSeconds, files = {}, { isComplete = false, mtimeSeconds = atSeconds } = {}) {
      const changed = Object.entries(files).flatMap(([name, content]) => {
        if (content === undefined) return [];
        const text = typeof content === 'string' ? content : JSON.stringify(content);
        return [{ name, mtimeMs: T0 + mtimeSeconds * 1000, reading: parseProgress(text, name) }];
      });
      const removed = Object.keys(files).filter((name) => files[name] === undefined);
      const atMs = T0 + atSeconds * 1000;
      store.apply({ kind: 'progress-swept', atMs, isComplete, changed, removed, skipped: 0 });
    },
    container(facts) {
      const full: ContainerFacts = {
        id: 'c2d3e4f5a6b7',
        image: 'box:1',
        labels: {},
        createdAtMs: T0,
        state: 'running',
        restartCount: 0,
        hasRestartPolicy: false,
        startedAtMs: T0,
        exitCode: 0,
        isOomKilled: false,
        ...facts,
      };
      store.apply({ kind: 'container-inspected', atMs: T0, facts: full });
    },
  };
}
