/** Keeps running what the configuration asks for, source by source, through reloads. */

import { isDeepStrictEqual } from 'node:util';
import type { Environment } from '../config/environment.js';
import type { Config } from '../config/schema.js';
import type { Suspect } from '../fleet/io-model.js';
import type { SourceName } from '../fleet/model.js';
import type { Observation } from '../fleet/observations.js';
import type { Clock } from '../lib/clock.js';
import type { NotedSection } from '../lib/durable-section.js';
import type { Logger } from '../lib/logger.js';
import { planSources, type SourcePlan } from './all-sources.js';
import type { Source } from './source.js';

/** Shape of what sources keep in the state file. */
const MEMORY_VERSION = 1;

/** The part of the state file that sources need. */
interface SectionedState {
  section(name: string, version: number): NotedSection;
}

export interface SourceSet {
  /** Starts, restarts and stops sources so that what runs is what the configuration asks for; after `stop` nothing. */
  follow(before: Config | undefined, next: Config): Promise<void>;
  /** Reads a source at once, where it is watched and can be; resolves when it is applied. */
  lookNow(name: SourceName): Promise<void>;
  stop(): Promise<void>;
}

export interface SourceSetOptions {
  readonly apply: (observation: Observation) => void;
  readonly forgetSource: (source: SourceName) => void;
  /** Absent: none. */
  readonly suspects?: () => readonly Suspect[];
  /** Ids of containers whose connections it wants to know; absent: none. */
  readonly unserved?: () => readonly string[];
  /** Ids of healthy workers that suspects are compared with; absent: none. */
  readonly peers?: () => readonly string[];
  /** Ids of containers whose logs are to be searched; absent: none. */
  readonly logged?: () => readonly string[];
  /** Ids of running containers that may hold memory of a GPU; absent: none. */
  readonly gpuContainers?: () => readonly string[];
  /** What a source keeps over a restart of the daemon is a section of its name. */
  readonly state: SectionedState;
  readonly env: Environment;
  readonly clock: Clock;
  readonly log: Logger;
}

export function createSourceSet({
  apply,
  forgetSource,
  suspects,
  unserved,
  peers,
  logged,
  gpuContainers,
  state,
  env,
  clock,
  log,
}: SourceSetOptions): SourceSet {
  const running = new Map<SourceName, Source>();
  let isStopped = false;

  async function stopOne(name: SourceName): Promise<void> {
    const source = running.get(name);
    running.delete(name);
    await source?.stop();
    forgetSource(name);
  }

  async function followPlan(plan: SourcePlan, isUnchanged: boolean): Promise<void> {
    const isRunning = running.has(plan.name);
    if (isUnchanged) return;
    if (isRunning) await stopOne(plan.name);
    if (isStopped) return;
    if (plan.kind === 'faulty') {
      log.error({ problem: plan.problem }, `not watching ${plan.name}`);
      return;
    }
    if (plan.kind === 'absent') {
      log.info({ remedy: plan.remedy }, `not watching ${plan.name}`);
      return;
    }
    const sourceLog = log.child({ component: plan.name });
    const durable = state.section(plan.name, MEMORY_VERSION);
    const wanted = {
      ...(suspects && { suspects }),
      ...(unserved && { unserved }),
      ...(peers && { peers }),
      ...(logged && { logged }),
      ...(gpuContainers && { gpuContainers }),
    };
    const source = plan.create({ clock, log: sourceLog, apply, durable, ...wanted });
    running.set(plan.name, source);
    sourceLog.info({ target: source.target }, `watching ${plan.name}`);
    source.start();
  }

  return {
    async follow(before, next) {
      for (const plan of planSources(next, env)) {
        const keys = [plan.name, ...((plan.kind === 'watched' && plan.alsoReads) || [])];
        const isUnchanged =
          before !== undefined && keys.every((key) => isDeepStrictEqual(before[key], next[key]));
        await followPlan(plan, isUnchanged);
      }
    },
    async lookNow(name) {
      await running.get(name)?.lookNow?.();
    },
    async stop() {
      isStopped = true;
      await Promise.all([...running.keys()].map(stopOne));
    },
  };
}
