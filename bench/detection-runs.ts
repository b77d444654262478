/** Simulated runs by seed, one after the other; kept in a folder, so that many can be made in parts and told together. */

import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ProfileName } from '../src/simulation/profile.js';
import type { FaultTruth } from '../src/simulation/truth.js';
import { type DetectionRun, type RunOptions, runDetection } from './detection-run.js';

export interface RunsWanted {
  readonly profile: ProfileName;
  readonly hours: number;
  readonly plan: NonNullable<RunOptions['plan']>;
  /** `30`, or `16-30`. */
  readonly seeds: string;
  /** Where runs are kept; undefined: nowhere. */
  readonly folder: string | undefined;
}

export function makeRuns({ profile, hours, plan, seeds, folder }: RunsWanted): readonly DetectionRun[] {
  const [first = '1', last] = seeds.split('-');
  const from = last === undefined ? 1 : Number(first);
  const until = Number(last ?? first);
  if (folder !== undefined) mkdirSync(folder, { recursive: true });
  return Array.from({ length: until - from + 1 }, (_, index) => {
    const seed = from + index;
    const file = folder === undefined ? undefined : join(folder, `${plan}-${profile}-${hours}h-${seed}.json`);
    if (file !== undefined && existsSync(file)) return readRun(file);
    const run = runDetection({ profile, seed, hours, plan });
    if (file !== undefined) writeFileSync(file, toJson(run));
    return run;
  });
}

/** JSON has no infinity, and no map whose keys are objects. */
function toJson({ curedAtMs, ...run }: DetectionRun): string {
  const cures = [...curedAtMs].map(([fault, atMs]) => [run.truth.indexOf(fault), atMs] as const);
  return JSON.stringify({ ...run, cures });
}

function readRun(file: string): DetectionRun {
  const { cures, ...run } = JSON.parse(readFileSync(file, 'utf8')) as Omit<DetectionRun, 'curedAtMs'> & {
    readonly cures: readonly (readonly [number, number])[];
  };
  const truth = run.truth.map((fault) => ({
    ...fault,
    observableAtMs: (fault.observableAtMs as number | null) ?? Number.POSITIVE_INFINITY,
  }));
  const curedAtMs = new Map<FaultTruth, number>();
  for (const [index, atMs] of cures) {
    const fault = truth[index];
    if (fault) curedAtMs.set(fault, atMs);
  }
  return { ...run, truth, curedAtMs };
}
