/** What happens to a judged fleet's containers, jobs, sentinels and GPUs, in the words of their sources. */

import type { Finding, FindingKind } from '../../src/detectors/finding.js';
import type { GpuReading } from '../../src/fleet/gpu-observations.js';
import type { ContainerEventAction, ContainerFacts } from '../../src/fleet/observations.js';
import { createJudgedFleet, type JudgedFleet } from './judged-fleet.js';

export const W = 'paddle-worker-gpu1-0';
export const OTHER = 'paddle-worker-gpu0-0';
export const GIB = 1024 ** 3;
const CONFIG = { stages: [{ id: 'G3', queue: 'g3', workers: 'paddle-worker-*' }] };

/** One stage, whose sentinels are watched. */
export function stageFleet(config: object = {}): JudgedFleet {
  const fleet = createJudgedFleet({ ...CONFIG, ...config });
  fleet.store.apply({ kind: 'sentinels-watched', reasons: ['cuda'], stages: ['G3'] });
  return fleet;
}

export const job = (fleet: JudgedFleet, more: object = {}) => ({
  document: 'PMC1',
  done: 12,
  total: 40,
  unit: 'page',
  started_at: fleet.nowMs / 1000,
  ...more,
});

export function event(fleet: JudgedFleet, id: string, action: ContainerEventAction, exitCode?: number): void {
  const told = { id, action, atMs: fleet.nowMs, ...(exitCode !== undefined && { exitCode }) };
  fleet.store.apply({ kind: 'container-event', event: told });
}

/** Ends with the code; asked for if somebody stopped it. */
export function end(fleet: JudgedFleet, name: string, exitCode: number, isAskedFor = false): void {
  if (isAskedFor) event(fleet, `id-of-${name}`, 'stop');
  event(fleet, `id-of-${name}`, 'die', exitCode);
  fleet.container(name, { state: 'exited', exitCode, finishedAtMs: fleet.nowMs });
}

export function remove(fleet: JudgedFleet, id: string): void {
  fleet.store.apply({ kind: 'container-vanished', id });
}

/** A new container of the name, with another id. */
export function createAgain(fleet: JudgedFleet, name: string, more: Partial<ContainerFacts> = {}): void {
  const id = `new-id-of-${name}`;
  event(fleet, id, 'create');
  event(fleet, id, 'start');
  fleet.container(name, { id, createdAtMs: fleet.nowMs, startedAtMs: fleet.nowMs, ...more });
}

export function fail(fleet: JudgedFleet, document: string, worker?: string, path = document): void {
  const told = { stage: 'G3', document, ...(worker !== undefined && { worker }), reason: 'cuda' };
  const error = 'CUDA error\nmore';
  const times = { writtenAtMs: fleet.nowMs, firstSeenAtMs: fleet.nowMs };
  fleet.store.apply({
    kind: 'sentinel-seen',
    sentinel: { outcome: 'failure', ...told, error, atMs: fleet.nowMs },
    delayMs: 1,
  });
  fleet.store.apply({
    kind: 'failure-present',
    failure: { path: `${path}.failed`, ...told, error, ...times },
  });
}

export function succeed(fleet: JudgedFleet, document: string): void {
  const sentinel = { outcome: 'success', stage: 'G3', document, atMs: fleet.nowMs } as const;
  fleet.store.apply({ kind: 'sentinel-seen', sentinel, delayMs: 1 });
}

export function readGpus(fleet: JudgedFleet, ...gpus: readonly GpuReading[]): void {
  fleet.store.apply({ kind: 'gpus-read', atMs: fleet.nowMs, gpus });
}

export function gpu(index: string, more: Partial<GpuReading> = {}): GpuReading {
  return {
    uuid: `GPU-${index}`,
    index,
    memory: { usedBytes: 50 * GIB, totalBytes: 180 * GIB },
    xids: { totals: new Map(), recent: new Map() },
    ...more,
  };
}

export function found(fleet: JudgedFleet, kind: FindingKind): Finding | undefined {
  return [...fleet.evaluation.verdicts.findings.values()].find((finding) => finding.kind === kind);
}

/** Every finding of the kind that was opened from now on while time passes. */
export function openedWhile(fleet: JudgedFleet, kind: FindingKind, seconds: number): readonly Finding[] {
  return fleet.judgeFor(seconds).flatMap(({ opened }) => opened.filter((finding) => finding.kind === kind));
}
