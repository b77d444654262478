/** The journal that a daemon would have written over a simulated run, in virtual time. */

import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createFailureJournal } from '../../src/app/failure-journal.js';
import { journalOutcome } from '../../src/app/journal-outcome.js';
import { createRunSummary } from '../../src/app/run-summary.js';
import { configSchema } from '../../src/config/schema.js';
import { createEvaluation } from '../../src/detectors/evaluation.js';
import { createClassifier } from '../../src/fleet/classify.js';
import { createFleetStore } from '../../src/fleet/fleet-store.js';
import { listStages } from '../../src/fleet/list-stages.js';
import { encodeEntry, type JournalFields } from '../../src/journal/journal-entry.js';
import type { FaultKind } from '../../src/simulation/fault-plan.js';
import { type ProfileName, simProfile, simulationConfig } from '../../src/simulation/profile.js';
import { createSimulation, type Simulation } from '../../src/simulation/simulation.js';
import { createFakeClock } from './fake-clock.js';

const MINUTE_MS = 60_000;

export interface SimulatedJournalOptions {
  /** A `data_dir`; made if it is not there. */
  readonly folder: string;
  readonly profile: ProfileName;
  readonly seed: number;
  readonly startMs: number;
  readonly minutes: number;
  /** Kind, minute in which it strikes, and how many minutes it lasts. */
  readonly faults: readonly (readonly [FaultKind, number, number])[];
}

export interface SimulatedJournal {
  readonly endMs: number;
  /** What really happened. */
  readonly documentsDone: number;
  readonly documentsFailed: number;
}

export async function writeSimulatedJournal(options: SimulatedJournalOptions): Promise<SimulatedJournal> {
  const { folder, profile, seed, startMs, minutes, faults } = options;
  const config = configSchema.parse(simulationConfig(simProfile(profile)));
  const store = createFleetStore(createClassifier(config));
  store.apply({ kind: 'stages-configured', stages: listStages(config) });
  const evaluation = createEvaluation({ fleet: store.fleet, settings: config });
  const endMs = startMs + minutes * MINUTE_MS;
  let nowMs = startMs;
  const clock = { ...createFakeClock(), nowMs: () => nowMs };
  const lines: Buffer[] = [];
  const journal = { append: (fields: JournalFields) => lines.push(encodeEntry(fields, nowMs).line) };
  const failures = createFailureJournal({ fleet: store.fleet, journal, clock });
  const summary = createRunSummary({ fleet: store.fleet, journal, clock });
  let running: Simulation | undefined;
  const simulation = createSimulation({
    profile,
    seed,
    startMs,
    faults: faults.map(([kind, atMinute, lasts]) => {
      const atMs = startMs + atMinute * MINUTE_MS;
      return { kind, atMs, healAtMs: atMs + lasts * MINUTE_MS };
    }),
    apply(observation) {
      nowMs = running?.nowMs ?? startMs;
      store.apply(observation);
      failures.note(observation);
    },
  });
  running = simulation;
  journal.append({ type: 'daemon_started', version: '0.0.0' });
  for (let lookMs = startMs; lookMs <= endMs; lookMs += config.detection.interval) {
    simulation.runUntil(lookMs);
    nowMs = lookMs;
    journalOutcome(evaluation.evaluate(nowMs), journal);
    failures.look();
    summary.look();
  }
  summary.close();
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'journal.jsonl'), Buffer.concat(lines));
  const { done, failed } = simulation.world.stats;
  return { endMs, documentsDone: done, documentsFailed: failed };
}
