/** The demo as fast as it can be reckoned: its pipeline and faults in virtual time, seen at its speed's intervals, judged by its limits. */

import { type Config, configSchema } from '../../src/config/schema.js';
import { createEvaluation } from '../../src/detectors/evaluation.js';
import type { Finding } from '../../src/detectors/finding.js';
import { createClassifier } from '../../src/fleet/classify.js';
import { createFleetStore } from '../../src/fleet/fleet-store.js';
import { listStages } from '../../src/fleet/list-stages.js';
import { demoConfig } from '../../src/simulation/demo-config.js';
import { planDemoFaults } from '../../src/simulation/demo-faults.js';
import { type ProfileName, simProfile } from '../../src/simulation/profile.js';
import { createWallTime, type WallTime } from '../../src/simulation/servers/wall-time.js';
import { createSimulation, type Simulation } from '../../src/simulation/simulation.js';
import { explainFinding } from './explain-finding.js';

const START_MS = 1_763_900_000_000;
const HOUR_MS = 3_600_000;
const PAST_MS = 90 * 60_000;
/** Of the wall's time: windows do not get shorter than a minute, whatever the speed. */
const AFTERMATH_WALL_MS = 3 * 60_000;

export interface DemoRunOptions {
  readonly profile: ProfileName;
  readonly seed: number;
  readonly speed: number;
  /** Of the pipeline. */
  readonly hours: number;
}

/** A finding that stayed open while no label explained it. */
export interface Lingering {
  readonly finding: Finding;
  /** Of the pipeline: for how long it was open without an explanation. */
  readonly unexplainedMs: number;
  readonly isOpenAtEnd: boolean;
}

export interface DemoRun {
  /** Open at the end, with the label that explains each. */
  readonly openAtEnd: readonly { readonly finding: Finding; readonly label: string | undefined }[];
  /** Longest first. */
  readonly lingering: readonly Lingering[];
  readonly opened: number;
  readonly documentsDone: number;
  readonly documentsFailed: number;
}

export function runDemo({ profile, seed, speed, hours }: DemoRunOptions): DemoRun {
  const time = createWallTime({ virtualMs: START_MS, wallMs: START_MS, speed });
  const config = configOf(profile, speed);
  const store = createFleetStore(createClassifier(config));
  store.apply({ kind: 'stages-configured', stages: listStages(config) });
  const evaluation = createEvaluation({ fleet: store.fleet, settings: config });
  const troubledAtMs = START_MS + PAST_MS;
  const endMs = troubledAtMs + hours * HOUR_MS;
  const simulation = createSimulation({
    profile,
    seed,
    startMs: START_MS,
    documents: 1e8,
    faults: planDemoFaults({ startMs: troubledAtMs, rounds: Math.ceil(hours / 9) }),
    intervalsMs: intervalsOf(config, speed),
    apply: (observation) => store.apply(toWall(observation, time) as typeof observation),
  });
  const everyMs = config.detection.interval * speed;
  const watch = createWatch(simulation, { everyMs, speed });
  let opened = 0;
  // As for a daemon that begins to look when trouble begins.
  for (let nowMs = troubledAtMs; nowMs <= endMs; nowMs += everyMs) {
    simulation.runUntil(nowMs);
    opened += evaluation.evaluate(time.toWallMs(nowMs)).opened.length;
    watch.note(evaluation.verdicts.findings.values());
  }
  const { stats } = simulation.world;
  return {
    ...watch.result([...evaluation.verdicts.findings.values()]),
    opened,
    documentsDone: stats.done,
    documentsFailed: stats.failed,
  };
}

function configOf(profile: ProfileName, speed: number): Config {
  const nowhere = 'http://127.0.0.1:1';
  const addresses = {
    listen: '127.0.0.1:0',
    dataDir: '/nonexistent/data',
    engineSocket: '/nonexistent/docker.sock',
    cgroupRoot: '/nonexistent/cgroup',
    metricsUrl: nowhere,
    managementUrl: nowhere,
    dcgmUrl: nowhere,
    nvidiaSmiUrl: nowhere,
    progressDirectory: '/nonexistent/progress',
    sentinelRoot: '/nonexistent/artifacts',
  };
  return configSchema.parse(
    demoConfig({ profile: simProfile(profile), speed, isRecovering: false, addresses }),
  );
}

function intervalsOf({ docker, rabbitmq, progress, sentinels, dcgm, gpu_processes }: Config, speed: number) {
  return {
    docker: docker.relist_interval * speed,
    cpu: docker.cpu_interval * speed,
    rabbitmq: rabbitmq.interval * speed,
    progress: progress.interval * speed,
    sentinels: sentinels.interval * speed,
    dcgm: dcgm.interval * speed,
    gpu_processes: gpu_processes.interval * speed,
    retry: 5000 * speed,
  };
}

const MOMENT = /^(?:atMs|mtimeMs|.+AtMs)$/;
const LENGTH = /^(?:delayMs|durationMs|usedSeconds)$/;

/** Moments and lengths of an observation as the wall's clock has them. */
function toWall(value: unknown, time: WallTime, key = ''): unknown {
  if (typeof value === 'number') {
    if (MOMENT.test(key)) return time.toWallMs(value);
    return LENGTH.test(key) ? time.lasts(value) : value;
  }
  if (Array.isArray(value)) return value.map((one) => toWall(one, time));
  if (value instanceof Map || typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, toWall(one, time, name)]));
}

function createWatch(
  simulation: Simulation,
  { everyMs, speed }: { readonly everyMs: number; readonly speed: number },
) {
  const unexplained = new Map<string, { finding: Finding; ms: number }>();
  const labelOf = (finding: Finding): string | undefined => {
    const { nowMs: atMs, truth } = simulation;
    const fault = explainFinding(finding, truth, {
      atMs,
      endOf: ({ endedAtMs = atMs }) => endedAtMs,
      aftermathMs: AFTERMATH_WALL_MS * speed,
    });
    return fault?.kind;
  };
  return {
    note(findings: Iterable<Finding>): void {
      for (const finding of findings) {
        if (labelOf(finding) !== undefined) continue;
        const key = `${finding.id} ${finding.openedAtMs}`;
        unexplained.set(key, { finding, ms: (unexplained.get(key)?.ms ?? 0) + everyMs });
      }
    },
    result(open: readonly Finding[]) {
      const keys = new Set(open.map(({ id, openedAtMs }) => `${id} ${openedAtMs}`));
      const lingering = [...unexplained].map(([key, { finding, ms }]) => ({
        finding,
        unexplainedMs: ms,
        isOpenAtEnd: keys.has(key),
      }));
      return {
        openAtEnd: open.map((finding) => ({ finding, label: labelOf(finding) })),
        lingering: lingering.toSorted((one, other) => other.unexplainedMs - one.unexplainedMs),
      };
    },
  };
}
