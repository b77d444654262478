/** Holds recovery's memory, and puts it on disk: soon where it only grew older, at once where a restart depends on it. */

import type { DurableSection } from '../lib/durable-section.js';
import { NO_MEMORY, type RecoveryMemory } from './memory.js';
import { restoreMemory, storeMemory } from './stored-memory.js';

export interface MemoryKeeper {
  readonly memory: RecoveryMemory;
  /** After the state file is open; `instead` where nothing was saved. */
  load(instead: () => RecoveryMemory): void;
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
    load(instead) {
      const saved = section.load();
      if (saved === undefined) change(instead);
      else memory = restoreMemory(saved);
    },
    change,
    changeDurably(step) {
      change(step);
      return flush();
    },
  };
}
