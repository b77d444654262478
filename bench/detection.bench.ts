/**
 * How well and how fast verdicts are reached: simulated faults found and missed, false findings, time of an evaluation.
 * `SEEDS` (`30`, or `16-30`), `PROFILE` (`2gpu`, `8gpu`), `PLAN` (`faults`, `conditions`) and `RUNS` (a folder that keeps runs) make it in parts.
 */

import { configSchema } from '../src/config/schema.js';
import { createEvaluation } from '../src/detectors/evaluation.js';
import { FINDING_KINDS } from '../src/detectors/finding.js';
import { createClassifier } from '../src/fleet/classify.js';
import { createFleetStore } from '../src/fleet/fleet-store.js';
import type { DetectionRun } from './detection-run.js';
import { makeRuns } from './detection-runs.js';
import { falselyStuck, type KindScore, scoreKinds, unexplained } from './detection-score.js';
import { printTable, summarize } from './support/measure.js';

const SEEDS = process.env['SEEDS'] ?? '30';
const RUNS = [
  { profile: '2gpu', hours: 8, plan: 'faults' },
  { profile: '8gpu', hours: 4, plan: 'faults' },
  { profile: '2gpu', hours: 8, plan: 'conditions' },
] as const;
const MANY = 10_000;
const FAST_STAGES = new Set(['G2_00', 'G2_01', 'G3_02', 'G5_00', 'G8_00']);

export async function run(): Promise<void> {
  for (const { profile, hours, plan } of RUNS) {
    if (process.env['PROFILE'] !== undefined && process.env['PROFILE'] !== profile) continue;
    if (process.env['PLAN'] !== undefined && process.env['PLAN'] !== plan) continue;
    const runs = makeRuns({ profile, hours, plan, seeds: SEEDS, folder: process.env['RUNS'] });
    report(`${profile}, ${plan}, ${runs.length} seeds of ${hours} h`, runs);
  }
  if (process.env['PROFILE'] === undefined) timeMany();
}

function report(title: string, runs: readonly DetectionRun[]): void {
  const scores = scoreKinds(runs);
  printTable(
    title,
    ['fault', 'struck', 'observable', 'found', 'recall', 'p50 s', 'p95 s', 'over limit p95 s'],
    scores.map(describeScore),
  );
  const hours = runs.reduce((sum, { workerHours }) => sum + workerHours, 0);
  const rate = (count: number): string => ((count / hours) * 1000).toFixed(3);
  const wrong = falselyStuck(runs);
  const byKind = unexplained(runs);
  const plain = runs.flatMap((one) => one.plain);
  const plainWrong = plain.filter(({ mode }) => mode !== 'hung' && mode !== 'livelocked').length;
  printTable(
    `${title}: false findings in ${Math.round(hours)} worker-hours`,
    ['finding', 'count', 'per 1,000 worker-hours'],
    [
      ['WorkerStuck on a healthy worker', wrong.length, rate(wrong.length)],
      ['plain rule: no update for 5 minutes, on a healthy worker', plainWrong, rate(plainWrong)],
      ...FINDING_KINDS.map((kind) => {
        const { length } = byKind.get(kind) ?? [];
        return [`${kind} that no label explains`, length, rate(length)];
      }),
    ],
  );
  for (const [kind, list] of byKind)
    for (const { finding, atMs } of list.slice(0, 2))
      console.log(
        'false:',
        kind,
        finding.id,
        new Date(atMs).toISOString(),
        finding.summary,
        finding.evidence,
      );
  comparePlain(title, runs);
  for (const { finding, mode } of wrong.slice(0, 5))
    console.log('wrong:', mode, finding.id, finding.evidence);
  for (const { kind, missed } of scores)
    for (const one of missed.slice(0, 3)) console.log('missed:', kind, one);
  const times = summarize(runs.flatMap(({ evaluations }) => evaluations));
  const realS = Math.max(...runs.map(({ realMs }) => realMs)) / 1000;
  console.log(
    `evaluation: median ${times.medianMs.toFixed(2)} ms, p99 ${times.p99Ms.toFixed(2)} ms; slowest run ${realS.toFixed(1)} s`,
  );
}

function describeScore({
  kind,
  struck,
  observable,
  found,
  delays,
  overshoots,
}: KindScore): (string | number)[] {
  const at = (values: readonly number[], share: number): string => {
    const sorted = values.toSorted((one, other) => one - other);
    const value = sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))];
    return value === undefined ? '' : value.toFixed(0);
  };
  const recall = observable === 0 ? '' : `${((100 * found) / observable).toFixed(1)} %`;
  return [kind, struck, observable, found, recall, at(delays, 0.5), at(delays, 0.95), at(overshoots, 0.95)];
}

/** Hangs in fast stages: ours beside the plain rule. */
function comparePlain(title: string, runs: readonly DetectionRun[]): void {
  const ours: number[] = [];
  const plain: number[] = [];
  for (const one of runs) {
    for (const { container, stage = '', atMs, kind } of one.truth) {
      if (kind !== 'hang' || !FAST_STAGES.has(stage)) continue;
      const found = one.opened.find(
        ({ finding, atMs: when }) =>
          finding.kind === 'WorkerStuck' && finding.subject.container === container && when >= atMs,
      );
      const alarm = one.plain.find((each) => each.container === container && each.atMs >= atMs);
      if (!found || !alarm) continue;
      ours.push(found.atMs - atMs);
      plain.push(alarm.atMs - atMs);
    }
  }
  const [mine, theirs] = [summarize(ours), summarize(plain)];
  const ratio = (mine.medianMs / theirs.medianMs).toFixed(2);
  console.log(
    `${title}: hangs in fast stages (${ours.length}): found after ${(mine.medianMs / 1000).toFixed(0)} s, by the plain rule after ${(theirs.medianMs / 1000).toFixed(0)} s: ${ratio}`,
  );
}

/** Workers that all have a job and move, on a fleet far larger than any host's. */
export function timeMany(): void {
  const stages = Array.from({ length: 20 }, (_, index) => ({
    id: `S${index}`,
    workers: `w${index}-*`,
    queue: `s${index}`,
  }));
  const config = configSchema.parse({ stages });
  const store = createFleetStore(createClassifier(config));
  const startMs = 1_763_900_000_000;
  const names = Array.from(
    { length: MANY },
    (_, index) => `w${index % stages.length}-gpu${index % 8}-${index}`,
  );
  for (const source of ['docker', 'progress'] as const)
    store.apply({ kind: 'source-watched', source, target: source });
  for (const name of names) {
    store.apply({
      kind: 'container-inspected',
      atMs: startMs,
      facts: {
        id: `id-${name}`,
        name,
        image: 'box:1',
        labels: {},
        createdAtMs: startMs,
        startedAtMs: startMs,
        state: 'running',
        restartCount: 0,
        hasRestartPolicy: false,
        exitCode: 0,
        isOomKilled: false,
      },
    });
  }
  const evaluation = createEvaluation({ fleet: store.fleet, settings: config });
  const times: number[] = [];
  for (let look = 0; look < 40; look++) {
    const atMs = startMs + 60_000 + look * 5000;
    const changed = names.map((name) => ({
      name,
      mtimeMs: atMs,
      reading: { kind: 'report' as const, report: { name, document: `D-${name}`, done: look, total: 100 } },
    }));
    store.apply({ kind: 'progress-swept', atMs, isComplete: look === 0, changed, removed: [], skipped: 0 });
    store.apply({
      kind: 'cpu-read',
      atMs,
      readings: names.map((name) => ({ id: `id-${name}`, usedSeconds: look * 4 })),
    });
    for (const source of ['docker', 'progress'] as const)
      store.apply({ kind: 'source-read', source, atMs, durationMs: 1 });
    // The picture is settled first, as reading it for any other end does.
    if (store.fleet.workers.size !== MANY) throw new Error('not all workers are known');
    const before = performance.now();
    evaluation.evaluate(atMs);
    if (look >= 5) times.push(performance.now() - before);
  }
  const { medianMs, p99Ms } = summarize(times);
  console.log(
    `evaluation of ${MANY} workers at work: median ${medianMs.toFixed(1)} ms, worst ${p99Ms.toFixed(1)} ms`,
  );
}

if (process.argv[1]?.endsWith('detection.bench.js')) await run();
