/** Keeps for a while what the processes of suspects wait for, and the stacks that they printed. */

import type { Container } from './model.js';
import type { ContainerProcesses, ProcessReading } from './process-model.js';
import type { ContainerStacks, StackReading } from './stack-model.js';

interface Read<T> {
  readonly atMs: number;
  readonly readings: readonly T[];
}

export interface ProcessRegistry {
  /** By identity. */
  readonly processes: ReadonlyMap<string, ContainerProcesses>;
  /** By identity. */
  readonly stacks: ReadonlyMap<string, ContainerStacks>;
  applyRead(read: Read<ProcessReading>): void;
  applyStacks(read: Read<StackReading>): void;
}

/** A suspect is read again about as often; what is older belongs to one that is a suspect no more. */
const PROCESSES_KEPT_MS = 300_000;
const STACKS_KEPT_MS = 600_000;

export function createProcessRegistry(containers: ReadonlyMap<string, Container>): ProcessRegistry {
  const processes = createKept<ProcessReading>(containers, PROCESSES_KEPT_MS);
  const stacks = createKept<StackReading>(containers, STACKS_KEPT_MS);
  return {
    processes: processes.known,
    stacks: stacks.known,
    applyRead: processes.apply,
    applyStacks: stacks.apply,
  };
}

function createKept<T extends { readonly id: string }>(
  containers: ReadonlyMap<string, Container>,
  keptMs: number,
) {
  const known = new Map<string, T & { readonly atMs: number }>();
  return {
    known,
    apply({ atMs, readings }: Read<T>): void {
      for (const [identity, one] of known) {
        if (atMs - one.atMs > keptMs || !containers.has(identity)) known.delete(identity);
      }
      const byId = new Map(readings.map((reading) => [reading.id, reading]));
      for (const { id, identity } of containers.values()) {
        const reading = byId.get(id);
        if (reading) known.set(identity, { ...reading, atMs });
      }
    },
  };
}
