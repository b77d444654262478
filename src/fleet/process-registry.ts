/** Keeps for a while what the processes of suspects wait for. */

import type { Container } from './model.js';
import type { ContainerProcesses, ProcessReading } from './process-model.js';

export interface ProcessRegistry {
  /** By identity. */
  readonly processes: ReadonlyMap<string, ContainerProcesses>;
  applyRead(read: { readonly atMs: number; readonly readings: readonly ProcessReading[] }): void;
}

/** A suspect is read again long before; what is older belongs to one that is a suspect no more. */
const KEPT_MS = 300_000;

export function createProcessRegistry(containers: ReadonlyMap<string, Container>): ProcessRegistry {
  const processes = new Map<string, ContainerProcesses>();
  return {
    processes,
    applyRead({ atMs, readings }) {
      for (const [identity, known] of processes) {
        if (atMs - known.atMs > KEPT_MS || !containers.has(identity)) processes.delete(identity);
      }
      const byId = new Map(readings.map((reading) => [reading.id, reading.lines]));
      for (const { id, identity } of containers.values()) {
        const lines = byId.get(id);
        if (lines) processes.set(identity, { atMs, lines });
      }
    },
  };
}
