/** The daemon's own recovery over a simulated pipeline: its engine is the simulation, its disk is memory. */

import type { LookAnswer } from '../../src/fleet/engine-answers.js';
import type { FleetStore } from '../../src/fleet/fleet-store.js';
import type { Clock } from '../../src/lib/clock.js';
import { createLogger } from '../../src/lib/logger.js';
import type { EnginePort } from '../../src/recovery/engine-port.js';
import { createRecovery, type Recovery, type RecoveryOptions } from '../../src/recovery/recovery.js';
import type { Simulation } from '../../src/simulation/simulation.js';

export interface SimulatedRecoveryOptions extends Pick<RecoveryOptions, 'verdicts' | 'settings'> {
  readonly store: FleetStore;
  readonly simulation: Simulation;
  /** Shows the time of the simulation. */
  readonly clock: Clock;
}

export function createSimulatedRecovery(options: SimulatedRecoveryOptions): Recovery {
  const { store, simulation } = options;
  const recovery = createRecovery({
    ...options,
    fleet: store.fleet,
    section: { load: () => undefined, save: () => undefined },
    state: { flush: () => Promise.resolve(true), isWritable: true },
    journal: { append: () => undefined, appendDurably: () => Promise.resolve(true), newest: () => [] },
    evidence: {
      keep: (incident) => Promise.resolve({ kind: 'kept', folder: incident }),
      prune: () => Promise.resolve(undefined),
    },
    engine: () => engineOf(simulation),
    lookAtProgress: () => Promise.resolve(),
    announce(id, atMs, action) {
      store.apply({ kind: 'container-event', event: { id, action, atMs } });
    },
    beforeRestart: () => Promise.resolve(),
    log: createLogger({ level: 'silent', format: 'json', write: () => undefined }),
  });
  recovery.start();
  return recovery;
}

function engineOf(simulation: Simulation): EnginePort {
  function look(id: string): LookAnswer {
    const container = [...simulation.world.containers.values()].find((one) => one.id === id);
    if (!container) return { kind: 'gone' };
    const { name, state, startedAtMs } = container;
    return {
      kind: 'seen',
      look: { id, name, state, startedAtMs, isTty: false, clockAheadMs: 0, facts: { id } },
    };
  }
  return {
    look: (id) => Promise.resolve(look(id)),
    logs: () => Promise.resolve({ kind: 'read', value: { lines: [], isCut: false } }),
    top: () => Promise.resolve({ kind: 'untold', problem: 'the simulation has no processes' }),
    restart: ({ name }) => Promise.resolve(simulation.restart(name) ? { kind: 'done' } : { kind: 'gone' }),
  };
}
