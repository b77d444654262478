/** A simulated run with recovery in the loop: judged, planned and acted on as the daemon would, in virtual time. */

import { type Config, configSchema } from '../../src/config/schema.js';
import { createEvaluation } from '../../src/detectors/evaluation.js';
import { createClassifier } from '../../src/fleet/classify.js';
import type { ContainerLook } from '../../src/fleet/engine-answers.js';
import { createFleetStore, type FleetStore } from '../../src/fleet/fleet-store.js';
import { listStages } from '../../src/fleet/list-stages.js';
import type { Clock } from '../../src/lib/clock.js';
import { createLogger } from '../../src/lib/logger.js';
import type { EnginePort } from '../../src/recovery/engine-port.js';
import type { DoneRestart } from '../../src/recovery/record.js';
import { createRecovery, type Recovery } from '../../src/recovery/recovery.js';
import { type PlannedFault, planFaults } from '../../src/simulation/fault-plan.js';
import { type ProfileName, simProfile, simulationConfig } from '../../src/simulation/profile.js';
import { createRandom } from '../../src/simulation/random.js';
import { createSimulation, type Simulation } from '../../src/simulation/simulation.js';
import type { FaultTruth } from '../../src/simulation/truth.js';
import { documentName, type World } from '../../src/simulation/world.js';
import { createHungWaits, type HungWaits } from './hung-waits.js';

export const START_MS = 1_763_900_000_000;
const HOUR_MS = 3_600_000;

export interface RunOptions {
  readonly profile: ProfileName;
  readonly seed: number;
  readonly hours: number;
  /** As a user writes it; `enabled: false` is a run without recovery. */
  readonly recovery: object;
  /** Instead of those that the seed draws. */
  readonly faults?: readonly PlannedFault[];
  /** The engine rejects restarts of what runs, and each takes effect so much later. */
  readonly rejectsForMs?: number;
}

/** A restart as it was asked of the engine. */
export interface AskedRestart {
  readonly container: string;
  readonly atMs: number;
  /** What the worker was really doing. */
  readonly mode: string | undefined;
  readonly stage: string | undefined;
  readonly document: string | undefined;
}

export interface RecoveryRun {
  readonly restarts: readonly AskedRestart[];
  readonly ended: readonly DoneRestart[];
  readonly truth: readonly FaultTruth[];
  /** Restarts whose document its stage never finished afterwards, though nobody has it in hand or queue. */
  readonly lost: readonly AskedRestart[];
  /** Workers whose container has ended by a restart and does not run at the end. */
  readonly leftDown: readonly string[];
  /** How long jobs hung, and why that did not end. */
  readonly hung: HungWaits['list'];
  readonly documentsDone: number;
  readonly documentsFailed: number;
  /** Of those: where the job was that their orchestrator gave up waiting for. */
  readonly givenUp: World['givenUp'];
  /** Most restarts of one container in its window, and of all in theirs. */
  readonly realMs: number;
  /** Workers whose container runs at the end. */
  readonly running: ReadonlySet<string>;
}

export async function runRecovery(options: RunOptions): Promise<RecoveryRun> {
  const startedMs = performance.now();
  const { profile, seed, hours } = options;
  const written = { ...simulationConfig(simProfile(profile)), recovery: options.recovery };
  const config: Config = configSchema.parse(written);
  const store = createFleetStore(createClassifier(config));
  store.apply({ kind: 'stages-configured', stages: listStages(config) });
  const evaluation = createEvaluation({
    fleet: store.fleet,
    settings: config,
    ownFindings: () => recovery.ownFindings(),
  });
  const endMs = START_MS + hours * HOUR_MS;
  const drawn = { startMs: START_MS + HOUR_MS, endMs: endMs - HOUR_MS };
  const faults = options.faults ?? planFaults({ random: createRandom(seed).fork('plan'), ...drawn });
  const finished = new Map<string, number>();
  const simulation = createSimulation({
    profile,
    seed,
    startMs: START_MS,
    faults,
    apply: store.apply,
    hooks: {
      containerChanged: () => undefined,
      fileChanged: () => undefined,
      sentinelWritten({ stage, document, outcome }) {
        if (outcome === 'success') finished.set(`${stage}:${document}`, simulation.nowMs);
      },
    },
  });
  const restarts: AskedRestart[] = [];
  const clock = createVirtualClock(simulation);
  const engine = simulatedEngine(simulation, store, { restarts, rejectsForMs: options.rejectsForMs });
  const recovery = inMemoryRecovery({ store, config, engine, clock, verdicts: () => evaluation.verdicts });
  recovery.start();
  const hung = createHungWaits(simulation);
  for (let nowMs = START_MS; nowMs <= endMs; nowMs += config.detection.interval) {
    simulation.runUntil(nowMs);
    clock.fire();
    evaluation.evaluate(nowMs);
    recovery.look();
    if (recovery.picture.plans.some(({ decision }) => decision === 'restart') || clock.isWaiting()) {
      await settle(clock);
    }
    hung.note(evaluation.verdicts, recovery.picture, config.detection.interval);
  }
  return {
    restarts,
    ended: recovery.picture.recent,
    truth: simulation.truth,
    lost: restarts.filter((one) => isLost(one, finished, simulation)),
    leftDown: restarts
      .map(({ container }) => container)
      .filter((name) => simulation.world.containers.get(name)?.state !== 'running'),
    hung: hung.list,
    documentsDone: simulation.world.stats.done,
    documentsFailed: simulation.world.stats.failed,
    givenUp: simulation.world.givenUp,
    realMs: performance.now() - startedMs,
    running: new Set(
      [...simulation.world.workers.values()].flatMap(({ container: { name, state } }) =>
        state === 'running' ? name : [],
      ),
    ),
  };
}

/** Nobody works at it, no queue holds it, no sentinel tells that it was done, and its orchestrator still wants it. */
function isLost(
  { stage, document }: AskedRestart,
  finished: ReadonlyMap<string, number>,
  { world }: Simulation,
): boolean {
  if (stage === undefined || document === undefined || finished.has(`${stage}:${document}`)) return false;
  const isQueued = world.queues
    .get(stage)
    ?.ready.some((message) => documentName(message.document) === document);
  const isInHand = [...world.workers.values()].some(
    ({ job, stage: its }) => its.id === stage && job && documentName(job.message.document) === document,
  );
  const isWanted = [...world.orchestrators.values()].some(
    (one) => one.document !== undefined && documentName(one.document) === document,
  );
  return isWanted && !isQueued && !isInHand;
}

/** As Docker 28 words it. */
const NO_EXIT = {
  kind: 'rejected',
  status: 500,
  problem: 'HTTP 500: tried to kill container, but did not receive an exit event',
} as const;

function simulatedEngine(
  simulation: Simulation,
  { fleet }: FleetStore,
  { restarts, rejectsForMs }: { restarts: AskedRestart[]; rejectsForMs: number | undefined },
): EnginePort {
  const find = (id: string) => [...simulation.world.containers.values()].find((one) => one.id === id);
  return {
    look(id) {
      const container = find(id);
      if (!container) return Promise.resolve({ kind: 'gone' });
      const { name, state, startedAtMs } = container;
      const look: ContainerLook = { id, name, state, startedAtMs, isTty: false, clockAheadMs: 0, facts: {} };
      return Promise.resolve({ kind: 'seen', look });
    },
    logs: () => Promise.resolve({ kind: 'read', value: { lines: [], isCut: false } }),
    top: () => Promise.resolve({ kind: 'read', value: { titles: [], rows: [] } }),
    restart({ name }) {
      const worker = simulation.world.workers.get(name);
      const document = worker?.job && documentName(worker.job.message.document);
      const atMs = simulation.nowMs;
      restarts.push({ container: name, atMs, mode: worker?.mode, stage: worker?.stage.id, document });
      if (rejectsForMs !== undefined && simulation.rejectRestart(name, rejectsForMs)) {
        return Promise.resolve({ kind: 'rejected', status: 500, problem: 'HTTP 500: no exit event' });
      }
      const isThere = simulation.restart(name);
      if (worker?.inKernel) return Promise.resolve(NO_EXIT);
      // What the engine told of it is in the fleet before anybody looks.
      return Promise.resolve(isThere && fleet.containers.size > 0 ? { kind: 'done' } : { kind: 'gone' });
    },
  };
}

interface VirtualClock extends Clock {
  /** Runs what is due at the simulation's time. */
  fire(): void;
  isWaiting(): boolean;
}

function createVirtualClock(simulation: Simulation): VirtualClock {
  const timers = new Set<{ readonly atMs: number; readonly task: () => void }>();
  return {
    nowMs: () => simulation.nowMs,
    monotonicMs: () => simulation.nowMs,
    after(delayMs, task) {
      const timer = { atMs: simulation.nowMs + delayMs, task };
      timers.add(timer);
      return { cancel: () => timers.delete(timer) };
    },
    fire() {
      for (const timer of timers) {
        if (timer.atMs > simulation.nowMs) continue;
        timers.delete(timer);
        timer.task();
      }
    },
    isWaiting: () => timers.size > 0,
  };
}

async function settle(clock: VirtualClock): Promise<void> {
  for (let turn = 0; turn < 30; turn++) {
    await new Promise((resolve) => setImmediate(resolve));
    clock.fire();
  }
}

interface InMemory {
  readonly store: FleetStore;
  readonly config: Config;
  readonly engine: EnginePort;
  readonly clock: Clock;
  readonly verdicts: Parameters<typeof createRecovery>[0]['verdicts'];
}

function inMemoryRecovery({ store, config, engine, clock, verdicts }: InMemory): Recovery {
  return createRecovery({
    fleet: store.fleet,
    verdicts,
    settings: config,
    section: { load: () => undefined, save: () => undefined },
    state: { flush: () => Promise.resolve(true), isWritable: true },
    journal: { append: () => undefined, appendDurably: () => Promise.resolve(true), newest: () => [] },
    evidence: {
      keep: (incident) => Promise.resolve({ kind: 'kept', folder: `evidence/${incident}` }),
      prune: () => Promise.resolve(undefined),
    },
    engine: () => engine,
    lookAtProgress: () => Promise.resolve(),
    announce(id, atMs, action) {
      store.apply({ kind: 'container-event', event: { id, action, atMs } });
    },
    beforeRestart: () => Promise.resolve(),
    clock,
    log: createLogger({ level: 'silent', format: 'json', write: () => undefined }),
  });
}
