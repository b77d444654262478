/** The daemon's picture, judgement and metrics page over a simulated pipeline, in virtual time. */

import assert from 'node:assert/strict';
import { configSchema } from '../../src/config/schema.js';
import { createEvaluation } from '../../src/detectors/evaluation.js';
import { FINDING_KINDS, type Finding, type FindingKind } from '../../src/detectors/finding.js';
import { createClassifier } from '../../src/fleet/classify.js';
import { createFleetStore } from '../../src/fleet/fleet-store.js';
import { listStages } from '../../src/fleet/list-stages.js';
import { emptyHistogram, observe } from '../../src/lib/histogram.js';
import { ALL_FAMILY_GROUPS } from '../../src/metrics/all-families.js';
import { createMetricsPage } from '../../src/metrics/page.js';
import { createSelfMetrics } from '../../src/metrics/self-metrics.js';
import { createSentinelCounter } from '../../src/recovery/fail-fast/sentinel-counts.js';
import type { PlannedFault } from '../../src/simulation/fault-plan.js';
import { type ProfileName, simProfile, simulationConfig } from '../../src/simulation/profile.js';
import { createSimulation } from '../../src/simulation/simulation.js';
import type { FaultTruth } from '../../src/simulation/truth.js';
import { createFakeClock } from './fake-clock.js';
import { NO_DAEMON_FACTS } from './no-verdicts.js';
import { createSimulatedRecovery } from './simulated-recovery.js';

export interface SimulatedDaemon {
  readonly truth: readonly FaultTruth[];
  /** Lets virtual time pass, judging at the interval of the configuration, and restarting who is stuck. */
  runUntil(untilMs: number): Promise<void>;
  renderPage(): Promise<string>;
  /** Open ones. */
  findings(): Iterable<Finding>;
}

export interface SimulatedDaemonOptions {
  readonly profile: ProfileName;
  readonly seed: number;
  readonly startMs: number;
  readonly faults: readonly PlannedFault[];
  /** Whether it restarts who is stuck. */
  readonly restarts: boolean;
}

export function createSimulatedDaemon(options: SimulatedDaemonOptions): SimulatedDaemon {
  const config = configSchema.parse({
    ...simulationConfig(simProfile(options.profile)),
    recovery: { enabled: options.restarts, dry_run: false },
  });
  const store = createFleetStore(createClassifier(config));
  store.apply({ kind: 'stages-configured', stages: listStages(config) });
  const evaluation = createEvaluation({
    fleet: store.fleet,
    settings: config,
    ownFindings: () => recovery.ownFindings(),
  });
  const simulation = createSimulation({ ...options, apply: store.apply });
  const clock = createFakeClock(options.startMs);
  const recovery = createSimulatedRecovery({
    store,
    verdicts: () => evaluation.verdicts,
    settings: config,
    simulation,
    clock,
  });
  const self = createSelfMetrics('0.0.0');
  self.configReloaded(true);
  const counts = Object.fromEntries(FINDING_KINDS.map((kind) => [kind, 0])) as Record<FindingKind, number>;
  let findingsOpened = { ...counts };
  let evaluations = {
    durations: emptyHistogram([0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1]),
    lastAtMs: 0,
  };
  let nextLookMs = options.startMs;
  const page = createMetricsPage({
    daemon: () => ({
      verdicts: evaluation.verdicts,
      findingsOpened,
      evaluations,
      journal: { dropped: 0, isWritable: true },
      recovery: recovery.picture.stages,
      failureSentinels: createSentinelCounter().counts,
      notifications: NO_DAEMON_FACTS.notifications,
    }),
    fleet: store.fleet,
    groups: ALL_FAMILY_GROUPS,
    clock,
    staleAfterMs: 60_000,
    renderRest: self.render,
    onError: (error) => assert.fail(String(error)),
  });

  async function passUntil(untilMs: number): Promise<void> {
    simulation.runUntil(untilMs);
    await clock.advance(untilMs - clock.nowMs());
  }

  function look(): void {
    const startedMs = performance.now();
    const { opened } = evaluation.evaluate(simulation.nowMs);
    const seconds = (performance.now() - startedMs) / 1000;
    evaluations = { durations: observe(evaluations.durations, seconds), lastAtMs: simulation.nowMs };
    findingsOpened = { ...findingsOpened };
    for (const { kind } of opened) findingsOpened[kind]++;
  }

  return {
    truth: simulation.truth,
    async runUntil(untilMs) {
      for (; nextLookMs <= untilMs; nextLookMs += config.detection.interval) {
        await passUntil(nextLookMs);
        look();
        recovery.look();
        // What it does of it takes no virtual time, only turns.
        await clock.advance(0);
      }
      await passUntil(untilMs);
    },
    async renderPage() {
      return (await page.render()).toString();
    },
    findings: () => evaluation.verdicts.findings.values(),
  };
}
