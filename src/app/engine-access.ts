/** Gives recovery the engine as the configuration names it: one address to read from, and one that restarts go to. */

import type { Environment } from '../config/environment.js';
import type { Config } from '../config/schema.js';
import type { Clock } from '../lib/clock.js';
import type { EnginePort } from '../recovery/engine-port.js';
import { createEngineActions } from '../sources/docker/engine-actions.js';
import { findEngineAddress } from '../sources/docker/engine-address.js';

/** Undefined: no engine is watched, or its address is faulty, which is told elsewhere. */
export function createEnginePort(
  { docker }: Pick<Config, 'docker'>,
  { env, clock }: { readonly env: Environment; readonly clock: Clock },
): EnginePort | undefined {
  if (!docker.enabled) return undefined;
  const reader = findEngineAddress(docker, env);
  const restarter =
    docker.restart_host === null ? reader : findEngineAddress({ ...docker, host: docker.restart_host }, env);
  if (reader.kind === 'faulty' || restarter.kind === 'faulty') return undefined;
  const actions = createEngineActions({
    reader: reader.address,
    restarter: restarter.address,
    clock,
    timeLimitMs: docker.request_timeout,
  });
  return {
    ...actions,
    restart: ({ id, name }, how) => actions.restart(docker.restart_by === 'name' ? name : id, how),
  };
}
