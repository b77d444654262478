/** What recovery does in simulated runs beside runs without it, how long a restart takes beside a bare one, and what it costs the daemon. */

import { setTimeout as pause } from 'node:timers/promises';
import { systemClock } from '../src/lib/clock.js';
import { createEngineActions } from '../src/sources/docker/engine-actions.js';
import { type RealDocker, startRealDocker } from '../test/support/real-docker.js';
import { type RecoveryRig, withRecoveryRig } from '../test/support/recovery-rig.js';
import { type RecoveryRun, runRecovery } from '../test/support/recovery-run.js';
import type { Series } from '../test/support/series.js';
import { printTable, summarize } from './support/measure.js';

const SEEDS = Number(process.env['SEEDS'] ?? 30);
const FIRST_SEED = Number(process.env['FIRST_SEED'] ?? 1);
const HOURS = Number(process.env['HOURS'] ?? 4);
const ROUNDS = Number(process.env['ROUNDS'] ?? 3);
const PARTS = (process.env['PARTS'] ?? 'simulation,restart,tick').split(',');
const STOP_TIMEOUTS_S = [1, 10];
const MANY = 20;
const LIMIT_MS = 240_000;
const HOUR_MS = 3_600_000;

export async function run(): Promise<void> {
  if (PARTS.includes('simulation')) await benchSimulation();
  if (!PARTS.includes('restart') && !PARTS.includes('tick')) return;
  const engine = await startRealDocker();
  try {
    if (PARTS.includes('restart')) await benchRestart(engine);
    if (PARTS.includes('tick')) await benchTick(engine);
  } finally {
    await engine.dispose();
  }
}

async function benchSimulation(): Promise<void> {
  const runs: { readonly on: RecoveryRun; readonly off: RecoveryRun }[] = [];
  for (let seed = FIRST_SEED; seed < FIRST_SEED + SEEDS; seed++) {
    const base = { profile: '2gpu', seed, hours: HOURS } as const;
    const on = await runRecovery({ ...base, recovery: { enabled: true, dry_run: false } });
    const off = await runRecovery({ ...base, recovery: { enabled: false } });
    runs.push({ on, off });
    const wrong = on.restarts.filter(({ mode }) => mode !== 'hung' && mode !== 'livelocked');
    for (const one of [...wrong, ...on.lost]) console.log('wrong or lost:', seed, one);
  }
  const sum = (of: (run: RecoveryRun) => number, which: 'on' | 'off'): number =>
    runs.reduce((total, pair) => total + of(pair[which]), 0);
  const hungHours = (isWaitedFor: boolean, which: 'on' | 'off'): number =>
    sum(({ hung }) => hoursOf(hung.filter((one) => one.isWaitedFor === isWaitedFor)), which);
  const waitedHours = (kind: string, which: 'on' | 'off'): number =>
    sum(({ hung }) => hoursOf(hung.filter((one) => one.isWaitedFor && kindOf(one) === kind)), which);
  const healthy = (run: RecoveryRun): number =>
    run.restarts.filter(({ mode }) => mode !== 'hung' && mode !== 'livelocked').length;
  printTable(
    `simulated pipeline of 2 GPUs, ${SEEDS} seeds from ${FIRST_SEED} of ${HOURS} h, all faults`,
    ['', 'with recovery', 'without'],
    [
      [
        'restarts',
        sum(({ restarts }) => restarts.length, 'on'),
        sum(({ restarts }) => restarts.length, 'off'),
      ],
      ['restarts of healthy workers', sum(healthy, 'on'), sum(healthy, 'off')],
      [
        'documents lost by restarts',
        sum(({ lost }) => lost.length, 'on'),
        sum(({ lost }) => lost.length, 'off'),
      ],
      ['hours waited for jobs that hang', hungHours(true, 'on'), hungHours(true, 'off')],
      ...WAIT_KINDS.map((kind) => [`  ${kind}`, waitedHours(kind, 'on'), waitedHours(kind, 'off')]),
      ['hours that jobs hang which nobody waits for', hungHours(false, 'on'), hungHours(false, 'off')],
      [
        'documents given up',
        sum((one) => one.documentsFailed, 'on'),
        sum((one) => one.documentsFailed, 'off'),
      ],
      ['documents done', sum((one) => one.documentsDone, 'on'), sum((one) => one.documentsDone, 'off')],
    ],
  );
  traceHours(runs.flatMap(({ on }) => on.hung));
  traceDocuments(runs);
  const results = runs.flatMap(({ on }) => on.ended.map(({ result }) => result));
  console.log(
    `results: ${['recovered', 'not_recovered', 'failed'].map((result) => `${result} ${results.filter((one) => one === result).length}`).join(', ')}`,
  );
}

const hoursOf = (waits: RecoveryRun['hung']): number =>
  waits.reduce((total, { ms }) => total + ms / HOUR_MS, 0);

/** By who can end them. */
const WAIT_KINDS = [
  'that a restart ends',
  'of workers that are busy without a step: a person decides (restart_busy)',
  'of workers whose GPU is lost: no restart ends them',
] as const;

function kindOf({ fault }: RecoveryRun['hung'][number]): (typeof WAIT_KINDS)[number] {
  if (fault === 'gpu-lost') return WAIT_KINDS[2];
  return fault === 'livelock' ? WAIT_KINDS[1] : WAIT_KINDS[0];
}

/** Why the hours that orchestrators wait in spite of recovery do not end. */
function traceHours(hung: RecoveryRun['hung']): void {
  const groups = new Map<string, RecoveryRun['hung'][number][]>();
  for (const one of hung.filter(({ isWaitedFor }) => isWaitedFor)) {
    const key = `${kindOf(one)} | ${one.reason} | ${one.fault}`;
    groups.set(key, [...(groups.get(key) ?? []), one]);
  }
  printTable(
    'hours waited for jobs that hang, with recovery',
    ['which', 'why', 'fault', 'hours'],
    [...groups]
      .map(([key, waits]) => [...key.split(' | '), hoursOf(waits)])
      .toSorted((one, other) => Number(other[3]) - Number(one[3])),
  );
}

const PLACES = ['failure sentinel', 'lost', 'in the queue', 'at work', 'hangs'] as const;

/** Where the job was of each document that its orchestrator gave up. */
function traceDocuments(runs: readonly { readonly on: RecoveryRun; readonly off: RecoveryRun }[]): void {
  const count = (place: (typeof PLACES)[number], which: 'on' | 'off'): number =>
    runs.reduce((total, pair) => total + (pair[which].givenUp.get(place) ?? 0), 0);
  printTable(
    'documents given up, by where the job was then',
    ['', 'with recovery', 'without'],
    PLACES.map((place) => [place, count(place, 'on'), count(place, 'off')]),
  );
}

/** The same call through the same transport, with nothing before it. */
function actionsOf({ host, socketPath }: RealDocker) {
  const address = { target: host, socketPath, protocol: 'http', tls: {} } as const;
  return createEngineActions({
    reader: address,
    restarter: address,
    clock: systemClock,
    timeLimitMs: LIMIT_MS,
  });
}

/** From the finding to the start, beside the same call made at once. */
async function benchRestart(engine: RealDocker): Promise<void> {
  const rows: (string | number)[][] = [];
  for (const seconds of STOP_TIMEOUTS_S) {
    await withRecoveryRig(engine, async (rig) => {
      const name = 'paddle-worker-gpu0-0';
      await rig.start(name, { ignoresTerm: true });
      const bare: number[] = [];
      for (let round = 0; round < ROUNDS; round++) bare.push(await bareRestart(engine, rig, name, seconds));
      await rig.serve({
        recovery: { stop_timeout: `${seconds}s`, container_budget: 100, fleet_budget: 100, backoff: '1s' },
      });
      const ours: number[] = [];
      for (let round = 0; round < ROUNDS; round++) ours.push(await plannedRestart(rig, name, round));
      const [mine, theirs] = [summarize(ours), summarize(bare)];
      rows.push([`${seconds} s`, mine.medianMs, theirs.medianMs, mine.medianMs / theirs.medianMs]);
    });
  }
  printTable(
    `stuck verdict to container started again, a worker that ignores SIGTERM, ${ROUNDS} rounds`,
    ['stop timeout', 'stagewatch, ms', 'bare API restart, ms', 'ratio (target 1.2)'],
    rows,
  );
}

async function bareRestart(
  engine: RealDocker,
  rig: RecoveryRig,
  name: string,
  seconds: number,
): Promise<number> {
  const askedMs = Date.now();
  const answer = await actionsOf(engine).restart(name, { stopTimeoutMs: seconds * 1000, limitMs: LIMIT_MS });
  if (answer.kind !== 'done') throw new Error(`the bare restart: ${answer.kind}`);
  return Date.parse(await rig.startedAt(name)) - askedMs;
}

async function plannedRestart(rig: RecoveryRig, name: string, round: number): Promise<number> {
  const before = await rig.startedAt(name);
  await rig.begin(name, `PMC${round}`);
  const after = await rig.whenStartedAgain(name, before, LIMIT_MS);
  const [opened] = await rig.journal('finding_opened');
  return Date.parse(after) - Date.parse(opened?.at ?? '');
}

/** The evaluation that everything waits for comes each second, however many restarts there are. */
async function benchTick(engine: RealDocker): Promise<void> {
  await withRecoveryRig(engine, async (rig) => {
    const names = Array.from({ length: MANY }, (_, index) => `w${index}-worker-gpu0-0`);
    await Promise.all(names.map((name) => rig.start(name)));
    for (const name of names) await rig.begin(name, `PMC-${name}`);
    await rig.serve({
      recovery: { fleet_budget: 100 },
      detection: { common_cause_min: 1000 },
      stages: names.map((name, index) => ({ id: `S${index}`, workers: name, stall_after: '20s' })),
    });
    const quiet = await watchTicks(rig, (page) =>
      page.all('pipeline_finding_active').some(({ labels }) => labels['kind'] === 'WorkerStuck'),
    );
    const busy = await watchTicks(rig, (page) => restartsOn(page) >= MANY);
    printTable(
      `${MANY} planned restarts, one after the other; the picture is judged each second`,
      ['', 'ticks', 'median s between', 'worst s between', '/metrics median ms', 'p99 ms'],
      [
        ['before', ...quiet],
        ['while they are restarted', ...busy],
      ],
    );
  });
}

function restartsOn(page: Series): number {
  const counted = page.all('pipeline_container_restarts_total');
  return counted.reduce((sum, { labels, value }) => sum + (labels['cause'] === 'stagewatch' ? value : 0), 0);
}

/** Whether it is over is told by the page that is scraped anyway: asking the engine would be the load that is measured. */
async function watchTicks(rig: RecoveryRig, isOver: (page: Series) => boolean): Promise<number[]> {
  const ticks = new Set<number>();
  const scrapes: number[] = [];
  const endMs = performance.now() + LIMIT_MS;
  for (let isDone = false; !isDone; ) {
    const askedMs = performance.now();
    const page = await rig.daemon().metrics();
    scrapes.push(performance.now() - askedMs);
    const at = page.value('stagewatch_last_evaluation_timestamp_seconds');
    if (at !== undefined) ticks.add(at);
    isDone = isOver(page);
    if (askedMs > endMs) throw new Error(`not over after ${LIMIT_MS} ms`);
    await pause(100);
  }
  const sorted = [...ticks].toSorted((one, other) => one - other);
  const gaps = sorted.slice(1).map((at, index) => at - (sorted[index] ?? at));
  const times = summarize(scrapes);
  return [ticks.size, summarize(gaps).medianMs, Math.max(...gaps), times.medianMs, times.p99Ms];
}

if (process.argv[1]?.endsWith('recovery.bench.js')) await run();
