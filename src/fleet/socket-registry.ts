/** Keeps the last word on the connections of containers, of those that were asked about lately. */

import type { Container } from './model.js';
import type { ContainerSockets, SocketReading } from './socket-model.js';

export interface SocketRegistry {
  /** By identity. */
  readonly sockets: ReadonlyMap<string, ContainerSockets>;
  applyRead(read: { readonly atMs: number; readonly readings: readonly SocketReading[] }): void;
}

const KEPT_MS = 60_000;

export function createSocketRegistry(containers: ReadonlyMap<string, Container>): SocketRegistry {
  const sockets = new Map<string, ContainerSockets>();
  return {
    sockets,
    applyRead({ atMs, readings }) {
      for (const [identity, known] of sockets) if (atMs - known.atMs > KEPT_MS) sockets.delete(identity);
      if (readings.length === 0) return;
      const byId = new Map(readings.map(({ id, remotePorts }) => [id, remotePorts]));
      for (const { id, identity } of containers.values()) {
        const remotePorts = byId.get(id);
        if (remotePorts) sockets.set(identity, { atMs, remotePorts });
      }
    },
  };
}
