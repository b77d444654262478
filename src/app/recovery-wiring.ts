/** Wires recovery to the rest of the daemon: fleet, verdicts, engine, progress files, journal and state. */

import type { Environment } from '../config/environment.js';
import type { Config } from '../config/schema.js';
import type { Verdicts } from '../detectors/verdicts.js';
import type { FleetStore } from '../fleet/fleet-store.js';
import type { Journal } from '../journal/journal.js';
import type { StateFile } from '../journal/state-file.js';
import type { Clock } from '../lib/clock.js';
import type { Logger } from '../lib/logger.js';
import type { RestartPorts } from '../recovery/engine-port.js';
import { createEvidenceStore } from '../recovery/evidence-store.js';
import { createRecovery, type Recovery } from '../recovery/recovery.js';
import { MEMORY_VERSION } from '../recovery/stored-memory.js';
import { createEnginePort } from './engine-access.js';

export interface RecoveryWiring {
  readonly store: FleetStore;
  readonly verdicts: () => Verdicts;
  /** The configuration in force. */
  readonly config: () => Config;
  readonly lookAtProgress: () => Promise<void>;
  readonly state: StateFile;
  readonly journal: Journal;
  readonly env: Environment;
  readonly clock: Clock;
  readonly log: Logger;
  readonly beforeRestart?: RestartPorts['beforeRestart'];
}

export function wireRecovery(wiring: RecoveryWiring): Recovery {
  const { store, config, state, env, clock } = wiring;
  return createRecovery({
    fleet: store.fleet,
    verdicts: wiring.verdicts,
    settings: config(),
    section: state.section('recovery', MEMORY_VERSION),
    state,
    journal: wiring.journal,
    evidence: createEvidenceStore(config().data_dir),
    engine: () => createEnginePort(config(), { env, clock }),
    lookAtProgress: wiring.lookAtProgress,
    announce(id, atMs, action) {
      store.apply({ kind: 'container-event', event: { id, action, atMs } });
    },
    beforeRestart: wiring.beforeRestart ?? (() => Promise.resolve()),
    clock,
    log: wiring.log.child({ component: 'recovery' }),
  });
}
