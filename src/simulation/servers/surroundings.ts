/** Everything a daemon watches, simulated: runs the pipeline at its speed behind servers and files that speak the real protocols. */

import { join } from 'node:path';
import type { SourceName } from '../../fleet/model.js';
import { type DemoAddresses, demoConfig } from '../demo-config.js';
import { planDemoFaults } from '../demo-faults.js';
import type { PipelineHooks } from '../pipeline-model.js';
import type { ProfileName } from '../profile.js';
import { createSimulation, type Simulation } from '../simulation.js';
import { type BrokerServer, startBrokerServer } from './broker/broker-server.js';
import { createCgroupWriter } from './cgroup-writer.js';
import { startDcgmServer } from './dcgm-server.js';
import { type EngineServer, startEngineServer } from './engine/engine-server.js';
import { createLogBook } from './engine/log-book.js';
import type { HttpService } from './http-service.js';
import { startNvidiaSmiServer } from './nvidia-smi-server.js';
import { createProgressWriter } from './progress-writer.js';
import { createSentinelWriter } from './sentinel-writer.js';
import { createWallTime, type WallTime } from './wall-time.js';

export interface Surroundings {
  readonly simulation: Simulation;
  readonly time: WallTime;
  /** A stagewatch.yaml that watches it, as data. */
  readonly config: ReturnType<typeof demoConfig>;
  /** From now on faults strike, one after the other. */
  beginTrouble(): void;
  /** Ends servers and timers; the folder is the caller's to remove. */
  stop(): Promise<void>;
}

export interface SurroundingsOptions {
  /** An empty one. */
  readonly folder: string;
  readonly profile: ProfileName;
  readonly seed: number;
  /** How many seconds of the pipeline pass in one of the wall's. */
  readonly speed: number;
  /** The daemon is to restart stuck workers, not only to say so. */
  readonly isRecovering: boolean;
  /** Where the daemon is to listen. */
  readonly listen: string;
  /** For how long the faults of a demo have been striking already; absent: not at all. */
  readonly troubledMs?: number;
  /** The wall's time; tests let it stand still. */
  readonly nowMs?: () => number;
  /** Called each time the world has been brought up to now. */
  readonly onTick?: () => void;
}

/** The virtual time of the first moment, the same in every run: 2025-11-23. */
const START_MS = 1_763_900_000_000;
/** The pipeline has been running for so long when the demo begins: models are loaded, long jobs are under way. */
const PAST_MS = 90 * 60_000;
/** Files change at most so often. */
const TICK_MS = 100;
const CGROUP_EVERY_TICKS = 10;
/** A week at the usual speed; all are planned before the daemon begins to look. */
const ROUNDS = 400;
const DOCUMENTS = 100_000_000;

export async function startSurroundings(options: SurroundingsOptions): Promise<Surroundings> {
  const { folder, profile, seed, speed, listen, isRecovering, troubledMs, nowMs = Date.now } = options;
  const later: Partial<PipelineHooks>[] = [];
  const sentinels = createSentinelWriter({ root: join(folder, 'artifacts'), time: () => time });
  const logs = createLogBook({ world: () => simulation.world, nowMs: () => simulation.nowMs });
  const simulation: Simulation = createSimulation({
    profile,
    seed,
    startMs: START_MS,
    faults: troubledMs === undefined ? [] : planDemoFaults({ startMs: START_MS + PAST_MS, rounds: ROUNDS }),
    documents: DOCUMENTS,
    hooks: {
      containerChanged(container, change) {
        logs.hooks.containerChanged(container, change);
        for (const hooks of later) hooks.containerChanged?.(container, change);
      },
      fileChanged(name) {
        logs.hooks.fileChanged(name);
        for (const hooks of later) hooks.fileChanged?.(name);
      },
      sentinelWritten(sentinel) {
        logs.hooks.sentinelWritten(sentinel);
        sentinels.note(sentinel, simulation.nowMs);
      },
    },
  });
  simulation.runUntil(START_MS + PAST_MS + (troubledMs ?? 0));
  const time = createWallTime({ virtualMs: simulation.nowMs, wallMs: nowMs(), speed });
  const { world } = simulation;
  const advance = (): number => {
    simulation.runUntil(Math.max(simulation.nowMs, time.toVirtualMs(nowMs())));
    return simulation.nowMs;
  };
  const progress = createProgressWriter({ directory: join(folder, 'progress'), world, time });
  const cgroups = createCgroupWriter({ root: join(folder, 'cgroup'), world, time });
  const servers = await startServers({ folder, simulation, time, logs, advance });
  later.push(servers.engine.hooks, { fileChanged: progress.note });

  function followOutages(): void {
    const isUp = (source: SourceName): boolean => simulation.outages.isUp(source);
    servers.engine.setUp(isUp('docker'));
    servers.broker.setUp(isUp('rabbitmq'));
    servers.dcgm.setUp(isUp('dcgm'));
    progress.setMounted(isUp('progress'));
  }

  let ticks = 0;
  function tick(): void {
    advance();
    progress.flush();
    sentinels.flush();
    if (ticks++ % CGROUP_EVERY_TICKS === 0) cgroups.write(simulation.nowMs);
    followOutages();
    options.onTick?.();
  }

  tick();
  const timer = setInterval(tick, TICK_MS);
  return {
    simulation,
    time,
    config: demoConfig({
      profile: world.profile,
      speed,
      isRecovering,
      addresses: addressesIn(folder, listen, servers),
    }),
    beginTrouble() {
      simulation.schedule(planDemoFaults({ startMs: advance(), rounds: ROUNDS }));
    },
    async stop() {
      clearInterval(timer);
      const { engine, broker, dcgm, nvidiaSmi } = servers;
      await Promise.all([engine, broker, dcgm, nvidiaSmi].map((server) => server.close()));
    },
  };
}

interface Servers {
  readonly engine: EngineServer;
  readonly broker: BrokerServer;
  readonly dcgm: HttpService;
  readonly nvidiaSmi: HttpService;
}

interface ServersContext {
  readonly folder: string;
  readonly simulation: Simulation;
  readonly time: WallTime;
  readonly logs: ReturnType<typeof createLogBook>;
  readonly advance: () => number;
}

const socketIn = (folder: string): string => join(folder, 'docker.sock');

async function startServers({ folder, simulation, time, logs, advance }: ServersContext): Promise<Servers> {
  const { world, pipeline } = simulation;
  const [engine, broker, dcgm, nvidiaSmi] = await Promise.all([
    startEngineServer({
      socketPath: socketIn(folder),
      world,
      pipeline,
      time,
      logs,
      advance,
      nowMs: () => simulation.nowMs,
    }),
    startBrokerServer({ world, advance }),
    startDcgmServer({ world, advance }),
    startNvidiaSmiServer({ world, advance }),
  ]);
  return { engine, broker, dcgm, nvidiaSmi };
}

function addressesIn(folder: string, listen: string, { broker, dcgm, nvidiaSmi }: Servers): DemoAddresses {
  return {
    listen,
    dataDir: join(folder, 'data'),
    engineSocket: socketIn(folder),
    cgroupRoot: join(folder, 'cgroup'),
    metricsUrl: broker.metricsUrl,
    managementUrl: broker.managementUrl,
    dcgmUrl: `http://127.0.0.1:${dcgm.port}`,
    nvidiaSmiUrl: `http://127.0.0.1:${nvidiaSmi.port}`,
    progressDirectory: join(folder, 'progress'),
    sentinelRoot: join(folder, 'artifacts'),
  };
}
