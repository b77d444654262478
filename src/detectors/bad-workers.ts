/** Lists the workers that are bad, or about to be, with when that began; and those that could be and are not. */

import type { Scene } from './scene.js';
import type { WorkerVerdict } from './verdicts.js';
import { couldNotStart } from './worker-down.js';

export interface BadWorker {
  /** Key in the fleet. */
  readonly key: string;
  readonly container: string;
  readonly stage: string | undefined;
  readonly gpu: string | undefined;
  readonly onsetMs: number;
  /** It is bad already, not only about to be. */
  readonly isSure: boolean;
}

export interface WorkerGroup {
  readonly bad: BadWorker[];
  /** Bad or at work: who is idle or starting cannot be a sign for or against. */
  counted: number;
}

export interface WorkerGroups {
  readonly all: WorkerGroup;
  readonly byStage: ReadonlyMap<string, WorkerGroup>;
  readonly byGpu: ReadonlyMap<string, WorkerGroup>;
}

/** Without those `explained` by a cause of their own, which say nothing of their stage, GPU or host. */
export function groupWorkers(scene: Scene, explained: ReadonlyMap<string, unknown>): WorkerGroups {
  const all: WorkerGroup = { bad: [], counted: 0 };
  const byStage = new Map<string, WorkerGroup>();
  const byGpu = new Map<string, WorkerGroup>();
  const groupsOf = (key: string): readonly (WorkerGroup | undefined)[] => {
    const worker = scene.fleet.workers.get(key);
    return [all, groupOf(byStage, worker?.stage), groupOf(byGpu, worker?.gpu)];
  };
  const bad = new Set<string>();
  for (const [key, verdict] of scene.notable) {
    const found = explained.has(key) ? undefined : badWorker(key, verdict, scene);
    if (!found) continue;
    bad.add(key);
    for (const group of groupsOf(key)) group?.bad.push(found);
  }
  // Where nobody is bad, how many are not is of no interest.
  if (bad.size === 0) return { all, byStage, byGpu };
  for (const [key, { status }] of scene.workers) {
    if (!bad.has(key) && status !== 'active' && status !== 'slow') continue;
    for (const group of groupsOf(key)) if (group) group.counted++;
  }
  return { all, byStage, byGpu };
}

function groupOf(groups: Map<string, WorkerGroup>, name: string | undefined): WorkerGroup | undefined {
  if (name === undefined) return undefined;
  const known = groups.get(name);
  if (known) return known;
  const group: WorkerGroup = { bad: [], counted: 0 };
  groups.set(name, group);
  return group;
}

function badWorker(key: string, verdict: WorkerVerdict, { fleet, nowMs }: Scene): BadWorker | undefined {
  const worker = fleet.workers.get(key);
  if (!worker) return undefined;
  const { status, silentMs, sinceMs, stillSinceMs } = verdict;
  const { container, stage, gpu } = worker;
  const base = { key, container, stage, gpu };
  const stoppedMs = stillSinceMs ?? nowMs - (silentMs ?? 0);
  if (status === 'stuck') return { ...base, onsetMs: stoppedMs, isSure: true };
  if (status === 'starved') return { ...base, onsetMs: sinceMs, isSure: true };
  if (status === 'down') {
    const container = fleet.containers.get(key);
    if (container && couldNotStart(container)) return { ...base, onsetMs: sinceMs, isSure: true };
    const end = container?.lastEnd;
    const isByItself = end !== undefined && end.reason !== 'ok' && end.isAskedFor === false;
    return isByItself ? { ...base, onsetMs: end.atMs, isSure: true } : undefined;
  }
  return verdict.isSuspect ? { ...base, onsetMs: stoppedMs, isSure: false } : undefined;
}
