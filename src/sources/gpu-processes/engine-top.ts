/** Asks a Docker Engine for the processes of a container, on a connection that is opened when it is first needed. */

import type { Clock } from '../../lib/clock.js';
import { connectDocker, type DockerClient } from '../docker/docker-client.js';
import type { EngineAddress } from '../docker/engine-address.js';
import { createEngineClock } from '../docker/engine-clock.js';
import { SourceError } from '../source-error.js';
import { TOP_ARGS } from './top-owners.js';

export interface EngineTop {
  /** Undefined: there is no such container. Rejects with SourceError. */
  ask(id: string): Promise<unknown>;
  close(): void;
}

export interface EngineTopOptions {
  readonly address: EngineAddress;
  readonly clock: Clock;
  readonly timeLimitMs: number;
}

const MAX_CONNECTIONS = 4;
const MAX_BYTES = 1024 * 1024;

export function createEngineTop({ address, clock, timeLimitMs }: EngineTopOptions): EngineTop {
  const closed = new AbortController();
  let connected: Promise<DockerClient> | undefined;

  function connect(): Promise<DockerClient> {
    // What it dates is not used here.
    const engineClock = createEngineClock(() => undefined);
    const { signal } = closed;
    return connectDocker({
      address,
      clock,
      engineClock,
      timeLimitMs,
      maxConnections: MAX_CONNECTIONS,
      signal,
    });
  }

  return {
    async ask(id) {
      connected ??= connect();
      const mine = connected;
      const client = await mine.catch((error: unknown) => {
        if (connected === mine) connected = undefined;
        throw error;
      });
      if (client.isPodman)
        throw new SourceError(
          'rejected',
          'Podman lists processes by their ids in the container, not on the host',
        );
      const path = `/containers/${encodeURIComponent(id)}/top`;
      return client.getJson({ path, query: { ps_args: TOP_ARGS } }, MAX_BYTES);
    },
    close: () => closed.abort(),
  };
}
