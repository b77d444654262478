/** Gives recovery the engine as the configuration names it: one address to read from, and one that restarts go to. */

import type { Environment } from '../config/environment.js';
import type { Config } from '../config/schema.js';
import type { RestartAnswer } from '../fleet/engine-answers.js';
import type { Clock } from '../lib/clock.js';
import type { EnginePort } from '../recovery/engine-port.js';
import { createEngineActions } from '../sources/docker/engine-actions.js';
import { findEngineAddress } from '../sources/docker/engine-address.js';

/** The engine looks for an id first: such a name may be that of another container. */
const LIKE_AN_ID = /^[0-9a-f]{12,64}$/;
const REFUSED_NAME: RestartAnswer = {
  kind: 'not_sent',
  problem: 'its name reads like the id of a container, and docker.restart_by is name: nothing was asked',
};

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
    restart({ id, name }, how) {
      if (docker.restart_by === 'id') return actions.restart(id, how);
      return LIKE_AN_ID.test(name) ? Promise.resolve(REFUSED_NAME) : actions.restart(name, how);
    },
  };
}
