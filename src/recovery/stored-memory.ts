/** Recovery's memory as JSON and back; whatever of it is not of the expected shape is left out. */

import type { ContainerMemory, InFlight, RecoveryMemory } from './memory.js';

export const MEMORY_VERSION = 1;
const MAX_TIMES = 1000;

export function storeMemory({ containers, fleetRestartsAtMs, inFlight, dryRuns }: RecoveryMemory): unknown {
  return {
    containers: Object.fromEntries(containers),
    fleetRestartsAtMs,
    inFlight: Object.fromEntries(inFlight),
    dryRuns: Object.fromEntries(dryRuns),
  };
}

export function restoreMemory(saved: unknown): RecoveryMemory {
  const fields = asRecord(saved);
  return {
    containers: entriesOf(fields['containers'], readContainer),
    fleetRestartsAtMs: readTimes(fields['fleetRestartsAtMs']),
    inFlight: entriesOf(fields['inFlight'], readInFlight),
    dryRuns: entriesOf(fields['dryRuns'], readTime),
  };
}

function asRecord(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Readonly<Record<string, unknown>>)
    : {};
}

function entriesOf<V>(value: unknown, read: (value: unknown) => V | undefined): ReadonlyMap<string, V> {
  const entries = new Map<string, V>();
  for (const [key, one] of Object.entries(asRecord(value))) {
    const entry = read(one);
    if (entry !== undefined) entries.set(key, entry);
  }
  return entries;
}

function readTime(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
}

function readTimes(value: unknown): readonly number[] {
  const list: readonly unknown[] = Array.isArray(value) ? value : [];
  return list.flatMap((one) => readTime(one) ?? []).slice(-MAX_TIMES);
}

function readText(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function readContainer(value: unknown): ContainerMemory {
  const fields = asRecord(value);
  const streak = readTime(fields['streak']) ?? 0;
  return {
    restartsAtMs: readTimes(fields['restartsAtMs']),
    streak,
    ...given('wellSinceMs', readTime(fields['wellSinceMs'])),
    ...given('exhaustedAtMs', readTime(fields['exhaustedAtMs'])),
    ...given('leftDownAtMs', readTime(fields['leftDownAtMs'])),
  };
}

function readInFlight(value: unknown): InFlight | undefined {
  const fields = asRecord(value);
  const [id, container, containerId] = ['id', 'container', 'containerId'].map((name) =>
    readText(fields[name]),
  );
  const askedAtMs = readTime(fields['askedAtMs']);
  if (id === undefined || container === undefined || containerId === undefined || askedAtMs === undefined) {
    return undefined;
  }
  return {
    id,
    container,
    containerId,
    askedAtMs,
    phase: fields['phase'] === 'verifying' ? 'verifying' : 'restarting',
    by: readText(fields['by']) ?? 'stagewatch',
    why: readText(fields['why']) ?? '',
    ...given('stage', readText(fields['stage'])),
    ...given('evidence', readText(fields['evidence'])),
    ...given('startedBeforeMs', readTime(fields['startedBeforeMs'])),
    ...given('startedAfterMs', readTime(fields['startedAfterMs'])),
    ...given('seenStartedAtMs', readTime(fields['seenStartedAtMs'])),
  };
}

/** The field, where there is a value. */
function given<K extends string, V>(name: K, value: V | undefined): { readonly [key in K]?: V } {
  return value === undefined ? {} : ({ [name]: value } as { readonly [key in K]?: V });
}
