/** One simulated run, judged as the daemon would: what was found when, beside what happened when. */

import { type Config, configSchema } from '../src/config/schema.js';
import { createEvaluation } from '../src/detectors/evaluation.js';
import type { Finding } from '../src/detectors/finding.js';
import type { StageLimits } from '../src/detectors/verdicts.js';
import { createClassifier } from '../src/fleet/classify.js';
import { createFleetStore } from '../src/fleet/fleet-store.js';
import { listStages } from '../src/fleet/list-stages.js';
import { placeOf } from '../src/simulation/dispatch.js';
import { type PlannedFault, planConditions, planFaults } from '../src/simulation/fault-plan.js';
import { type ProfileName, simProfile, simulationConfig } from '../src/simulation/profile.js';
import { createRandom } from '../src/simulation/random.js';
import { createSimulation, type Simulation } from '../src/simulation/simulation.js';
import type { FaultTruth } from '../src/simulation/truth.js';
import type { JobPlace } from '../src/simulation/world.js';

const START_MS = 1_763_900_000_000;
const HOUR_MS = 3_600_000;
const PLAIN_RULE_MS = 5 * 60_000;

/** A finding as it was opened. */
export interface Opened {
  readonly finding: Finding;
  readonly atMs: number;
  /** Absent while it was open to the end. */
  clearedAtMs?: number;
  /** Of a worker: what it was really doing then. */
  readonly mode: string | undefined;
  /** Of a worker: how long its job had really run then. */
  readonly jobMs?: number;
  /** Of an orchestrator that waits: where the job was that it waits for. */
  readonly place?: JobPlace;
  readonly limits: StageLimits | undefined;
}

/** What the rule "no update for 5 minutes" would have said of one job. */
export interface PlainAlarm {
  readonly container: string;
  readonly atMs: number;
  readonly mode: string | undefined;
}

export interface DetectionRun {
  readonly profile: ProfileName;
  readonly truth: readonly FaultTruth[];
  readonly opened: readonly Opened[];
  readonly plain: readonly PlainAlarm[];
  /** When a worker that hung or turned in circles no longer did, by whatever cause. */
  readonly curedAtMs: ReadonlyMap<FaultTruth, number>;
  readonly workerHours: number;
  /** Milliseconds of real time. */
  readonly evaluations: readonly number[];
  readonly realMs: number;
  /** When the watcher began to look. */
  readonly fromMs: number;
  readonly endMs: number;
}

export interface RunOptions {
  readonly profile: ProfileName;
  readonly seed: number;
  readonly hours: number;
  /** `conditions` of the field, mostly traps, in a run whose watcher begins late; `faults` otherwise. */
  readonly plan?: 'faults' | 'conditions';
}

const MINUTE_MS = 60_000;
const WATCH_LATE_MS = 30 * MINUTE_MS;

interface RunPlan {
  readonly faults: readonly PlannedFault[];
  readonly watchFromMs?: number;
}

function planRun({ seed, hours, plan }: RunOptions): RunPlan {
  const span = { startMs: START_MS + HOUR_MS, endMs: START_MS + (hours - 1) * HOUR_MS };
  const random = createRandom(seed);
  if (plan !== 'conditions') return { faults: planFaults({ random: random.fork('plan'), ...span }) };
  const watchFromMs = START_MS + WATCH_LATE_MS;
  return { watchFromMs, faults: planConditions({ random: random.fork('conditions'), ...span, watchFromMs }) };
}

export function runDetection(options: RunOptions): DetectionRun {
  const { profile, seed, hours } = options;
  const startedMs = performance.now();
  const config: Config = configSchema.parse(simulationConfig(simProfile(profile)));
  const store = createFleetStore(createClassifier(config));
  store.apply({ kind: 'stages-configured', stages: listStages(config) });
  const evaluation = createEvaluation({ fleet: store.fleet, settings: config });
  const endMs = START_MS + hours * HOUR_MS;
  const plan = planRun(options);
  const simulation = createSimulation({ profile, seed, startMs: START_MS, apply: store.apply, ...plan });
  const opened: Opened[] = [];
  const plain = createPlainRule(simulation);
  const curedAtMs = new Map<FaultTruth, number>();
  const evaluations: number[] = [];
  const fromMs = plan.watchFromMs ?? START_MS;
  for (let nowMs = fromMs; nowMs <= endMs; nowMs += config.detection.interval) {
    simulation.runUntil(nowMs);
    const before = performance.now();
    const outcome = evaluation.evaluate(nowMs);
    evaluations.push(performance.now() - before);
    for (const { id } of outcome.cleared) {
      const last = opened.findLast(({ finding }) => finding.id === id);
      if (last) last.clearedAtMs = nowMs;
    }
    for (const finding of outcome.opened) {
      const { mode, job } = simulation.world.workers.get(finding.subject.container ?? '') ?? {};
      const limits = evaluation.verdicts.limits.get(finding.subject.stage ?? '');
      const jobMs = job && nowMs - job.startedAtMs;
      const place = awaitedPlace(simulation, finding.subject.container);
      opened.push({
        ...{ finding, atMs: nowMs, mode, limits },
        ...(jobMs !== undefined && { jobMs }),
        ...(place && { place }),
      });
    }
    plain.look(store.fleet.workers, nowMs);
    noteCures(simulation, curedAtMs, nowMs);
  }
  return {
    profile,
    truth: simulation.truth,
    opened,
    plain: plain.alarms,
    curedAtMs,
    workerHours: (simulation.world.workers.size * (endMs - fromMs)) / HOUR_MS,
    evaluations,
    realMs: performance.now() - startedMs,
    fromMs,
    endMs,
  };
}

interface FileSeen {
  readonly container: string;
  readonly job?: {
    readonly document?: string;
    readonly startedAtMs: number;
    readonly lastHeartbeatAtMs: number;
  };
}

function createPlainRule({ world }: Simulation) {
  const alarms: PlainAlarm[] = [];
  const told = new Set<string>();
  return {
    alarms,
    look(workers: ReadonlyMap<string, FileSeen>, nowMs: number): void {
      for (const { container, job } of workers.values()) {
        if (!job || nowMs - job.lastHeartbeatAtMs <= PLAIN_RULE_MS) continue;
        const key = `${container} ${job.document} ${job.startedAtMs}`;
        if (told.has(key)) continue;
        told.add(key);
        alarms.push({ container, atMs: nowMs, mode: world.workers.get(container)?.mode });
      }
    },
  };
}

function noteCures({ truth, world }: Simulation, cured: Map<FaultTruth, number>, nowMs: number): void {
  for (const fault of truth) {
    if ((fault.kind !== 'hang' && fault.kind !== 'livelock') || cured.has(fault)) continue;
    const mode = world.workers.get(fault.container ?? '')?.mode;
    if (mode !== 'hung' && mode !== 'livelocked') cured.set(fault, nowMs);
  }
}

function awaitedPlace({ world }: Simulation, container: string | undefined): JobPlace | undefined {
  const { document, place = -1 } = world.orchestrators.get(container ?? '') ?? {};
  const stage = world.profile.stages[place];
  return document === undefined || !stage ? undefined : placeOf(world, stage.id, document);
}
