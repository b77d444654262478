/**
 * A whole simulated run as Prometheus would have stored it: the daemon's own page at every scrape of virtual time,
 * written into blocks of a real time-series database.
 */

import { execFile } from 'node:child_process';
import { mkdir, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Finding } from '../../src/detectors/finding.js';
import { renderLabels } from '../../src/metrics/exposition.js';
import type { FaultKind, PlannedFault } from '../../src/simulation/fault-plan.js';
import type { ProfileName } from '../../src/simulation/profile.js';
import type { FaultTruth } from '../../src/simulation/truth.js';
import { requireProgram } from './machine.js';
import { type RealPrometheus, startRealPrometheus } from './real-prometheus.js';
import { createSimulatedDaemon } from './simulated-daemon.js';

/** A fault that strikes so many minutes into the recording, and is put right so many minutes later. */
export type HistoryFault = readonly [kind: FaultKind, atMinute: number, lastsMinutes: number];

export interface HistoryOptions {
  /** Of the Prometheus that will be started on it: the blocks come into its folder `tsdb`. */
  readonly folder: string;
  readonly profile?: ProfileName;
  readonly seed?: number;
  /** Unrecorded minutes before, in which paces are learned and documents reach the last stages. */
  readonly warmUpMinutes?: number;
  readonly minutes?: number;
  readonly faults?: readonly HistoryFault[];
  /** Whether the daemon restarts who is stuck; it does by default. */
  readonly restarts?: boolean;
  /** Adds the `ALERTS` that one alert a finding kind would have written; on by default. */
  readonly withAlerts?: boolean;
}

export interface SimulatedHistory {
  readonly startMs: number;
  readonly endMs: number;
  readonly stepMs: number;
  readonly truth: readonly FaultTruth[];
  /** How many samples were written. */
  readonly samples: number;
}

export const HISTORY_STEP_MS = 15_000;
/** As a scrape configuration would add them. */
export const HISTORY_TARGET = { instance: 'stagewatch:9847', job: 'stagewatch' };

const MINUTE_MS = 60_000;
/** On a step, so that instants asked for coincide with samples. */
const FIRST_MS = 1_763_899_200_000;

/** Something of everything; what is not put right by then is still open when the recording ends. */
export const EVENTFUL_RUN: readonly HistoryFault[] = [
  // More documents under way than the profile has, so that queues can grow.
  ...Array.from({ length: 6 }, (_, index): HistoryFault => ['scale-up', -45 + index, 0]),
  ['crash', 5, 15],
  ['oom', 8, 15],
  ['vram-leak', 10, 200],
  ['hang', 12, 25],
  ['crash-with-sentinel', 14, 5],
  ['understaffed-stage', 20, 30],
  ['rolling-deploy', 24, 10],
  ['poison-document', 30, 20],
  ['dcgm-outage', 36, 5],
  ['gpu-lost', 45, 20],
  ['broker-outage', 58, 6],
  ['crash-with-sentinel', 66, 5],
  ['mass-hang', 72, 15],
  ['crash', 80, 200],
  ['understaffed-stage', 84, 200],
  ['lost-consumer', 92, 200],
  ['hang', 95, 200],
  ['crash-with-sentinel', 110, 5],
  ['hang', 102, 200],
  // Together they have a cause in common, and nobody is restarted for it.
  ['mass-hang', 112, 200],
];

export async function recordSimulatedHistory({
  folder,
  profile = '2gpu',
  seed = 4,
  warmUpMinutes = 60,
  minutes = 120,
  faults = EVENTFUL_RUN,
  restarts = true,
  withAlerts = true,
}: HistoryOptions): Promise<SimulatedHistory> {
  const startMs = FIRST_MS + warmUpMinutes * MINUTE_MS;
  const endMs = startMs + minutes * MINUTE_MS;
  const daemon = createSimulatedDaemon({
    profile,
    seed,
    startMs: FIRST_MS,
    restarts,
    faults: faults.map((fault) => planFault(fault, startMs)),
  });
  await daemon.runUntil(startMs);
  const path = join(folder, 'history.openmetrics');
  await mkdir(folder, { recursive: true });
  const file = await open(path, 'w');
  let samples = 0;
  for (let atMs = startMs; atMs <= endMs; atMs += HISTORY_STEP_MS) {
    await daemon.runUntil(atMs);
    const startedMs = performance.now();
    const lines = stamp(await daemon.renderPage(), atMs);
    lines.push(sample('up', HISTORY_TARGET, { atMs, value: 1 }));
    const seconds = (performance.now() - startedMs) / 1000;
    lines.push(sample('scrape_duration_seconds', HISTORY_TARGET, { atMs, value: seconds }));
    if (withAlerts) lines.push(...alertSamples(daemon.findings(), atMs));
    samples += lines.length;
    await file.write(`${lines.join('\n')}\n`);
  }
  await file.write('# EOF\n');
  await file.close();
  await createBlocks(path, join(folder, 'tsdb'));
  await rm(path);
  return { startMs, endMs, stepMs: HISTORY_STEP_MS, truth: daemon.truth, samples };
}

/**
 * A Prometheus on a recorded history. Blocks made from text hold no marks of where a series ended, so that it would
 * linger for 5 minutes: here it is gone after the next scrape, as in a Prometheus that scraped.
 */
export function startHistoryPrometheus(folder: string): Promise<RealPrometheus> {
  const lookback = `--query.lookback-delta=${HISTORY_STEP_MS / 1000 + 1}s`;
  return startRealPrometheus(folder, 'global: { scrape_interval: 15s }\n', [lookback]);
}

function planFault([kind, atMinute, lastsMinutes]: HistoryFault, startMs: number): PlannedFault {
  const atMs = startMs + atMinute * MINUTE_MS;
  return { kind, atMs, healAtMs: atMs + lastsMinutes * MINUTE_MS };
}

const TARGET_LABELS = renderLabels(HISTORY_TARGET);

/** The series of a page as samples of a target at a moment. */
function stamp(page: string, atMs: number): string[] {
  const lines: string[] = [];
  for (const line of page.split('\n')) {
    if (line === '' || line.startsWith('#')) continue;
    const value = line.lastIndexOf(' ');
    const series = line.slice(0, value);
    const labelled = series.endsWith('}')
      ? `${series.slice(0, -1)},${TARGET_LABELS}}`
      : `${series}{${TARGET_LABELS}}`;
    lines.push(`${labelled}${line.slice(value)} ${atMs / 1000}`);
  }
  return lines;
}

function sample(
  name: string,
  labels: Readonly<Record<string, string>>,
  { atMs, value }: { readonly atMs: number; readonly value: number },
): string {
  return `${name}{${renderLabels(labels)}} ${value} ${atMs / 1000}`;
}

/** As the rule `pipeline_finding_active == 1` of each kind writes them. */
function alertSamples(findings: Iterable<Finding>, atMs: number): Set<string> {
  const lines = new Set<string>();
  for (const { kind, severity, subject, consequenceOf } of findings) {
    const { container = '', stage = '', queue = '', gpu = '', source = '' } = subject;
    const cause = consequenceOf === undefined ? '' : 'common';
    const about = { severity, container, stage, queue, gpu, source, cause, kind };
    const labels = { alertname: `Pipeline${kind}`, alertstate: 'firing', ...about, ...HISTORY_TARGET };
    lines.add(sample('ALERTS', labels, { atMs, value: 1 }));
  }
  return lines;
}

async function createBlocks(path: string, tsdb: string): Promise<void> {
  await mkdir(tsdb, { recursive: true });
  const args = ['tsdb', 'create-blocks-from', 'openmetrics', '--quiet', path, tsdb];
  await promisify(execFile)(requireProgram('promtool'), args);
}
