/** A whole run of the pipeline in virtual time: the same profile, seed and faults give the same observations. */

import type { Observation } from '../fleet/observations.js';
import { type Agenda, createAgenda } from './agenda.js';
import type { PlannedFault } from './fault-plan.js';
import { createFaults } from './faults.js';
import { createObserver, type ObserverIntervals } from './observe.js';
import { createOutages, type Outages } from './outages.js';
import { createPipeline } from './pipeline.js';
import type { Pipeline, PipelineHooks } from './pipeline-model.js';
import { type ProfileName, simProfile, simulationConfig } from './profile.js';
import { createRandom } from './random.js';
import type { FaultTruth } from './truth.js';
import { createWorld, type World } from './world.js';

export interface Simulation {
  readonly world: World;
  readonly pipeline: Pipeline;
  readonly outages: Outages;
  /** The configuration a user would write for it, unread. */
  readonly config: object;
  readonly truth: readonly FaultTruth[];
  readonly nowMs: number;
  /** Lets virtual time pass; what sources would say in it is applied in order. */
  runUntil(untilMs: number): void;
  /** Lets more faults strike; those whose time is over strike at once. */
  schedule(faults: readonly PlannedFault[]): void;
  /**
   * What an engine does when asked to restart a container: false if there is none of the name, or if its process does not
   * end; then it ends later, and nothing starts it.
   */
  restart(container: string): boolean;
  /**
   * As an engine whose SIGKILL does not end the process: it rejects the restart, and when the process ends `laterMs` later it
   * does not start it again. False: there is no such container, or it does not run.
   */
  rejectRestart(name: string, laterMs: number): boolean;
}

export interface SimulationOptions {
  readonly profile: ProfileName;
  readonly seed: number;
  readonly startMs: number;
  readonly faults: readonly PlannedFault[];
  /** What sources would say. Absent: the world is looked at in other ways, and nobody tells of it. */
  readonly apply?: (observation: Observation) => void;
  /** Told of what happens as it happens. */
  readonly hooks?: PipelineHooks;
  /** How many documents there are to do; the profile's number if absent. */
  readonly documents?: number;
  /** When the watcher begins to look, with all that is there then told first; from the start if absent. */
  readonly watchFromMs?: number;
  /** How often sources are read, in the simulation's time; as by default if absent. */
  readonly intervalsMs?: ObserverIntervals;
}

export function createSimulation(options: SimulationOptions): Simulation {
  const { profile, seed, startMs, faults, apply, documents, intervalsMs, watchFromMs } = options;
  const agenda: Agenda = createAgenda(startMs);
  const random = createRandom(seed);
  const outages = createOutages();
  const world = createWorld(
    { ...simProfile(profile), ...(documents !== undefined && { documents }) },
    startMs,
  );
  const observer = apply && createObserver({ agenda, outages, apply, ...(intervalsMs && { intervalsMs }) });
  const hooks = joinHooks([observer?.hooks, options.hooks].filter((each) => each !== undefined));
  const pipeline: Pipeline = createPipeline({ world, agenda, random: random.fork('pipeline'), hooks });
  const striking = createFaults({ pipeline, agenda, random: random.fork('faults'), outages });
  pipeline.start();
  if (watchFromMs === undefined) observer?.start(world);
  else agenda.at(watchFromMs, () => observer?.start(world));
  striking.schedule(faults);
  return {
    world,
    pipeline,
    outages,
    config: simulationConfig(world.profile),
    truth: striking.truth,
    get nowMs() {
      return agenda.nowMs;
    },
    runUntil: agenda.runUntil,
    schedule: striking.schedule,
    rejectRestart(name, laterMs) {
      const container = world.containers.get(name);
      if (container?.state !== 'running') return false;
      const { life } = container;
      agenda.after(laterMs, () => {
        if (container.life === life)
          pipeline.kill(container, { exitCode: 137, isForced: true, isHeldDown: true });
      });
      return true;
    },
    restart(name) {
      const container = world.containers.get(name);
      if (!container) return false;
      const worker = world.workers.get(name);
      if (worker?.inKernel) {
        worker.inKernel = 'killed';
        hooks.containerChanged(container, 'stop');
        return false;
      }
      pipeline.kill(container, { exitCode: 137, isAskedFor: true });
      pipeline.launch(container);
      return true;
    },
  };
}

function joinHooks(listeners: readonly PipelineHooks[]): PipelineHooks {
  return {
    containerChanged(container, change) {
      for (const listener of listeners) listener.containerChanged(container, change);
    },
    fileChanged(name) {
      for (const listener of listeners) listener.fileChanged(name);
    },
    sentinelWritten(sentinel) {
      for (const listener of listeners) listener.sentinelWritten(sentinel);
    },
  };
}
