/** Holds recovery's memory, and puts it on disk: soon where it only grew older, at once where a restart depends on it. */

import type { DurableSection } from '../lib/durable-section.js';
import { NO_MEMORY, type RecoveryMemory } from './memory.js';
import { withMoreOf } from './memory-changes.js';
import { restoreMemory, storeMemory } from './stored-memory.js';

export interface MemoryKeeper {
  readonly memory: RecoveryMemory;
  /**
   * After the state file is open. `told` is what another account tells: taken where nothing was saved, or not all of it can be read.
   * False: some could not.
   */
  load(told: () => RecoveryMemory): boolean;
  change(step: (memory: RecoveryMemory) => RecoveryMemory): void;
  /** As `change`; true when the new memory is on disk and survives a loss of power. */
  changeDurably(step: (memory: RecoveryMemory) => RecoveryMemory): Promise<boolean>;
}

export interface MemoryKeeperOptions {
  readonly section: DurableSection;
  readonly flush: () => Promise<boolean>;
}

export function createMemoryKeeper({ section, flush }: MemoryKeeperOptions): MemoryKeeper {
  let memory = NO_MEMORY;

  function change(step: (memory: RecoveryMemory) => RecoveryMemory): void {
    const next = step(memory);
    if (next === memory) return;
    memory = next;
    section.save(() => storeMemory(memory));
  }

  return {
    get memory() {
      return memory;
    },
    load(told) {
      const saved = section.load();
      if (saved === undefined) {
        change(told);
        return true;
      }
      const { memory: readable, isWhole } = restoreMemory(saved);
      memory = readable;
      if (!isWhole) change(() => withMoreOf(readable, told()));
      return isWhole;
    },
    change,
    changeDurably(step) {
      change(step);
      return flush();
    },
  };
}
