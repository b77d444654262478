/** The page as the daemon serves it, over a simulated pipeline whose time a test moves. */

import { journalOutcome } from '../../src/app/journal-outcome.js';
import { configSchema } from '../../src/config/schema.js';
import { createEvaluation } from '../../src/detectors/evaluation.js';
import type { Verdicts } from '../../src/detectors/verdicts.js';
import { createClassifier } from '../../src/fleet/classify.js';
import { createFleetStore, type FleetStore } from '../../src/fleet/fleet-store.js';
import { listStages } from '../../src/fleet/list-stages.js';
import type { Fleet } from '../../src/fleet/model.js';
import type { JournalEntry, JournalFields } from '../../src/journal/journal-entry.js';
import { createLogger } from '../../src/lib/logger.js';
import type { PlannedFault } from '../../src/simulation/fault-plan.js';
import { type ProfileName, simProfile, simulationConfig } from '../../src/simulation/profile.js';
import { createSimulation, type Simulation } from '../../src/simulation/simulation.js';
import { createHttpServer, type HttpServer, type HttpServerOptions } from '../../src/views/http-server.js';
import { createFakeClock, type FakeClock } from './fake-clock.js';
import { NO_RECOVERY } from './no-recovery.js';
import { openDoor } from './open-door.js';

const START_MS = 1_763_900_000_000;
const STEP_MS = 5000;

export interface SimulatedPage {
  readonly url: string;
  readonly clock: FakeClock;
  readonly fleet: Fleet;
  readonly simulation: Simulation;
  readonly verdicts: () => Verdicts;
  /** Tells the fleet something that the simulation does not have. */
  readonly apply: FleetStore['apply'];
  /** Lets time pass in the pipeline, its judgement and the page's history. */
  pass(seconds: number): Promise<void>;
  /** Ends the server; `start` serves the same fleet again, at the same port. */
  stop(): Promise<void>;
  start(): Promise<void>;
}

export interface SimulatedPageOptions {
  readonly profile?: ProfileName;
  readonly seed?: number;
  /** Minutes from the start. */
  readonly faults?: readonly {
    readonly kind: PlannedFault['kind'];
    readonly atMinute: number;
    readonly healMinute?: number;
  }[];
  readonly token?: string | null;
  readonly more?: Partial<HttpServerOptions>;
}

export async function serveSimulatedPage(options: SimulatedPageOptions = {}): Promise<SimulatedPage> {
  const { profile = '2gpu', seed = 1, faults = [], token = null, more = {} } = options;
  const config = configSchema.parse(simulationConfig(simProfile(profile)));
  const store = createFleetStore(createClassifier(config));
  store.apply({ kind: 'stages-configured', stages: listStages(config) });
  const evaluation = createEvaluation({ fleet: store.fleet, settings: config });
  const minute = (count: number): number => START_MS + count * 60_000;
  const simulation = createSimulation({
    profile,
    seed,
    startMs: START_MS,
    faults: faults.map(({ kind, atMinute, healMinute = atMinute + 600 }) => ({
      kind,
      atMs: minute(atMinute),
      healAtMs: minute(healMinute),
    })),
    apply: store.apply,
  });
  const clock = createFakeClock(START_MS);
  const entries: JournalEntry[] = [];
  const append = (fields: JournalFields): void => {
    entries.unshift({ at: new Date(clock.nowMs()).toISOString(), ...fields });
  };
  append({ type: 'daemon_started', version: '0.1.0' });
  const create = (): HttpServer =>
    createHttpServer({
      fleet: store.fleet,
      verdicts: () => evaluation.verdicts,
      recovery: NO_RECOVERY,
      journal: { newest: ({ limit }) => entries.slice(0, limit) },
      clock,
      log: createLogger({ level: 'error', format: 'text', write: (line) => void process.stderr.write(line) }),
      version: '0.1.0',
      metrics: { contentType: 'text/plain', render: () => Promise.resolve(Buffer.from('')) },
      ...openDoor(() => token),
      reload: () => Promise.resolve({}),
      ...more,
    });
  let server = create();
  let { port } = await server.listen({ host: '127.0.0.1', port: 0 });
  return {
    url: `http://127.0.0.1:${port}`,
    clock,
    fleet: store.fleet,
    simulation,
    verdicts: () => evaluation.verdicts,
    apply: store.apply,
    async pass(seconds) {
      for (let passed = 0; passed < seconds * 1000; passed += STEP_MS) {
        const stepMs = Math.min(STEP_MS, seconds * 1000 - passed);
        simulation.runUntil(clock.nowMs() + stepMs);
        journalOutcome(evaluation.evaluate(clock.nowMs() + stepMs), { append });
        await clock.advance(stepMs);
      }
    },
    stop: () => {
      const closed = server.close();
      // The grace of its close is measured by the clock.
      return Promise.all([closed, clock.advance(2000)]).then(() => undefined);
    },
    async start() {
      server = create();
      ({ port } = await server.listen({ host: '127.0.0.1', port }));
    },
  };
}
