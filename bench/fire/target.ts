/** The daemon that a row of the fire bench attacks, and what its attack cost it. */

import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { type Daemon, startDaemon } from '../../test/support/daemon.js';
import { type FakeEngine, startFakeEngine } from '../../test/support/fake-engine.js';
import { ask } from './asking.js';
import type { TickAnswer } from './tick-probe.js';

/** One row of the table. */
export interface FireRow {
  readonly name: string;
  /** Attacks a daemon of its own, and says what was done and what held. */
  attack(): Promise<Outcome>;
}

export interface Outcome {
  readonly done: string;
  readonly held: string;
  readonly isHeld: boolean;
  readonly worstTickMs: number;
  readonly peakRssMb: number;
}

export interface Target {
  readonly folder: string;
  readonly daemon: Daemon;
  readonly engine: FakeEngine;
  readonly port: number;
  /** How late `/metrics` of a client beside the attack was at worst, and how often it came with status 200. */
  readonly beside: Beside;
  /** Since the last call. */
  ticks(): Promise<TickAnswer>;
  logLines(): number;
}

export interface Beside {
  worstMs: number;
  answered: number;
  failed: number;
}

export interface TargetOptions {
  readonly containers?: number;
  /** The first picture is part of the attack. */
  readonly isAttackedAtStart?: boolean;
  /** YAML for more sections. */
  readonly config?: (folder: string) => Promise<string> | string;
  /** Before the daemon starts. */
  readonly prepare?: (folder: string, engine: FakeEngine) => Promise<void> | void;
}

const CONTAINERS = 321;
const BESIDE_EVERY_MS = 250;
/** A client that waits longer gives up. */
const BESIDE_LIMIT_MS = 10_000;
const READY_LIMIT_MS = 60_000;
const PROBE = new URL('./tick-probe.js', import.meta.url);

/** Ends daemon and engine, whatever the attack comes to. */
export async function withTarget<T>(
  options: TargetOptions,
  play: (target: Target) => Promise<T>,
): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'stagewatch-fire-'));
  const engine = await startFakeEngine({ folder });
  let daemon: Daemon | undefined;
  try {
    addContainers(engine, options.containers ?? CONTAINERS);
    await options.prepare?.(folder, engine);
    const more = (await options.config?.(folder)) ?? '';
    const config = `docker: { host: "unix://${engine.socketPath}", cpu_interval: 1m }\n${more}`;
    daemon = await startDaemon({ folder, config, preload: PROBE });
    await takeTicks(daemon);
    const isAttackedAtStart = options.isAttackedAtStart ?? false;
    return await attack({ folder, engine, daemon, isAttackedAtStart }, play);
  } finally {
    daemon?.process.kill('SIGKILL');
    engine.cutStreams();
    await engine.close();
    await rm(folder, { recursive: true, force: true });
  }
}

interface Started extends Pick<Target, 'folder' | 'engine' | 'daemon'> {
  readonly isAttackedAtStart: boolean;
}

/** The worst since the last call. */
async function takeTicks({ process: child }: Daemon): Promise<TickAnswer> {
  child.send('ticks');
  const [answer] = (await once(child, 'message')) as [TickAnswer];
  return answer;
}

async function attack<T>(started: Started, play: (target: Target) => Promise<T>): Promise<T> {
  const { daemon, isAttackedAtStart } = started;
  const port = Number(new URL(daemon.url).port);
  const beside: Beside = { worstMs: 0, answered: 0, failed: 0 };
  await untilReady(port);
  // What loading the program took is no cost of the attack.
  if (!isAttackedAtStart) await takeTicks(daemon);
  const isOver = new AbortController();
  const asking = askBeside(port, beside, isOver.signal);
  try {
    return await play({
      ...started,
      port,
      beside,
      logLines: () => daemon.log.length,
      ticks: () => takeTicks(daemon),
    });
  } finally {
    isOver.abort();
    await asking;
  }
}

/** As a Prometheus does, though more often. */
async function askBeside(port: number, beside: Beside, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const { status, tookMs } = await ask({ port, path: '/metrics', limitMs: BESIDE_LIMIT_MS });
    beside.worstMs = Math.max(beside.worstMs, tookMs);
    if (status === 200) beside.answered++;
    else beside.failed++;
    await pause(BESIDE_EVERY_MS);
  }
}

async function untilReady(port: number): Promise<void> {
  const endMs = performance.now() + READY_LIMIT_MS;
  while (performance.now() < endMs) {
    if ((await ask({ port, path: '/-/ready', limitMs: 5000 })).status === 200) return;
    await pause(200);
  }
}

export function addContainers(engine: FakeEngine, count: number): void {
  for (let index = 0; index < count; index++) {
    const id = index.toString(16).padStart(64, '0');
    const name = `kind${index % 8}-worker-gpu${index % 4}-${index}`;
    engine.containers.set(id, { id, name, state: 'running', startedAt: '2025-11-23T12:13:20Z' });
  }
}

/** Turns what a target went through into a row. */
export async function outcomeOf(
  target: Target,
  { done, held, isHeld }: Pick<Outcome, 'done' | 'held' | 'isHeld'>,
): Promise<Outcome> {
  const { worstMs, peakRssMb } = await target.ticks();
  return { done, held, isHeld, worstTickMs: worstMs, peakRssMb };
}

/** `/metrics beside it: 40 of 40, 0.12 s at worst`. */
export function besideWords({ answered, failed, worstMs }: Beside): string {
  return `/metrics beside it ${answered} of ${answered + failed}, in ${(worstMs / 1000).toFixed(2)} s at worst`;
}
