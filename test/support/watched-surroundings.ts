/** The simulation's servers and files in a folder of a test's own, watched by the daemon's own sources. */

import type { TestContext } from 'node:test';
import { type Config, configSchema } from '../../src/config/schema.js';
import { listGpuContainers } from '../../src/fleet/gpu-containers.js';
import { listStages } from '../../src/fleet/list-stages.js';
import { type Surroundings, startSurroundings } from '../../src/simulation/servers/surroundings.js';
import type { Simulation } from '../../src/simulation/simulation.js';
import { planSources } from '../../src/sources/all-sources.js';
import { createSourceHarness, type SourceHarness } from './source-harness.js';
import { tempDir } from './temp-dir.js';
import { waitFor } from './wait-for.js';

export interface WatchedSurroundings {
  readonly surroundings: Surroundings;
  readonly config: Config;
  readonly harness: SourceHarness;
  /** Of the simulated engine. */
  readonly socketPath: string;
}

export interface WatchOptions {
  /** For how long faults have been striking, in milliseconds of the pipeline. */
  readonly troubledMs: number;
  /** Time does not pass in the simulation. */
  readonly isStill?: boolean;
  /** What happens to the pipeline before anybody looks. */
  readonly before?: (simulation: Simulation) => void;
}

/** Resolves when every source has read everything once. */
export async function watchSurroundings(
  test: Pick<TestContext, 'after'>,
  { troubledMs, isStill = false, before }: WatchOptions,
): Promise<WatchedSurroundings> {
  const startedMs = Date.now();
  const surroundings = await startSurroundings({
    folder: await tempDir(test),
    profile: '2gpu',
    seed: 1,
    speed: 20,
    isRecovering: false,
    listen: '127.0.0.1:0',
    troubledMs,
    ...(isStill && { nowMs: () => startedMs }),
  });
  test.after(() => surroundings.stop());
  before?.(surroundings.simulation);
  const config = configSchema.parse(surroundings.config);
  const harness = createSourceHarness(undefined, config);
  harness.apply({ kind: 'stages-configured', stages: listStages(config) });
  for (const plan of planSources(config, {})) {
    if (plan.kind !== 'watched') throw new Error(`${plan.name} is not watched`);
    const source = plan.create({
      ...harness.context,
      gpuContainers: () => listGpuContainers(harness.fleet),
    });
    source.start();
    test.after(() => source.stop());
  }
  await waitFor('all sources to be up', () => {
    const states = [...harness.fleet.sources.values()].map(({ isUp }) => isUp);
    return states.length === 6 && states.every((isUp) => isUp === true);
  });
  return {
    surroundings,
    config,
    harness,
    socketPath: surroundings.config.docker.host.slice('unix://'.length),
  };
}
