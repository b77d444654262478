/** Recovery's memory as JSON and back; whatever of it is not of the expected shape is left out. */

import type { ContainerMemory, FailedAttempts, InFlight, PendingRestart, RecoveryMemory } from './memory.js';

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

export interface RestoredMemory {
  readonly memory: RecoveryMemory;
  /** False: something was not of the expected shape and was left out, so that more may have been used than this tells. */
  readonly isWhole: boolean;
}

export function restoreMemory(saved: unknown): RestoredMemory {
  const reader = createReader();
  const fields = reader.record(saved);
  const memory: RecoveryMemory = {
    containers: reader.entries(fields['containers'], (one) => readContainer(one, reader)),
    fleetRestartsAtMs: reader.times(fields['fleetRestartsAtMs']),
    inFlight: reader.entries(fields['inFlight'], (one) => readInFlight(one, reader)),
    dryRuns: reader.entries(fields['dryRuns'], reader.time),
  };
  return { memory, isWhole: reader.isWhole };
}

/** Reads what is of the expected shape, and notes when something is not. */
interface Reader {
  readonly isWhole: boolean;
  record(value: unknown): Readonly<Record<string, unknown>>;
  entries<V>(value: unknown, read: (value: unknown) => V | undefined): ReadonlyMap<string, V>;
  time(value: unknown): number | undefined;
  times(value: unknown): readonly number[];
  text(value: unknown): string | undefined;
  /** What may be absent. */
  optional<V>(value: unknown, read: (value: unknown) => V | undefined): V | undefined;
}

function createReader(): Reader {
  let isWhole = true;

  function miss(): undefined {
    isWhole = false;
  }

  function record(value: unknown): Readonly<Record<string, unknown>> {
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
      return value as Readonly<Record<string, unknown>>;
    }
    return miss() ?? {};
  }

  function time(value: unknown): number | undefined {
    return typeof value === 'number' && Number.isFinite(value) ? value : miss();
  }

  return {
    get isWhole() {
      return isWhole;
    },
    record,
    time,
    text: (value) => (typeof value === 'string' ? value : miss()),
    times(value) {
      const list: readonly unknown[] = Array.isArray(value) ? value : (miss() ?? []);
      return list.flatMap((one) => time(one) ?? []).slice(-MAX_TIMES);
    },
    entries(value, read) {
      const found = Object.entries(record(value)).flatMap(([key, one]) => {
        const entry = read(one);
        return entry === undefined ? [] : [[key, entry] as const];
      });
      return new Map(found);
    },
    optional: (value, read) => (value === undefined ? undefined : read(value)),
  };
}

function readContainer(value: unknown, reader: Reader): ContainerMemory {
  const { record, times, time, optional } = reader;
  const fields = record(value);
  return {
    restartsAtMs: times(fields['restartsAtMs']),
    streak: time(fields['streak']) ?? 0,
    ...given('wellSinceMs', optional(fields['wellSinceMs'], time)),
    ...given('exhaustedAtMs', optional(fields['exhaustedAtMs'], time)),
    ...given('leftDownAtMs', optional(fields['leftDownAtMs'], time)),
    ...given('endedAtMs', optional(fields['endedAtMs'], time)),
    ...given(
      'failed',
      optional(fields['failed'], (one) => readFailed(one, reader)),
    ),
    ...given(
      'pending',
      optional(fields['pending'], (one) => readPending(one, reader)),
    ),
  };
}

function readFailed(value: unknown, { record, text, time }: Reader): FailedAttempts | undefined {
  const fields = record(value);
  const count = time(fields['count']);
  return count === undefined ? undefined : { count, text: text(fields['text']) ?? '' };
}

function readPending(value: unknown, { record, text, time, optional }: Reader): PendingRestart | undefined {
  const fields = record(value);
  const incident = text(fields['incident']);
  const containerId = text(fields['containerId']);
  const askedAtMs = time(fields['askedAtMs']);
  const answeredAtMs = time(fields['answeredAtMs']);
  if (incident === undefined || containerId === undefined) return undefined;
  if (askedAtMs === undefined || answeredAtMs === undefined) return undefined;
  return {
    incident,
    containerId,
    askedAtMs,
    answeredAtMs,
    ...given('startedBeforeMs', optional(fields['startedBeforeMs'], time)),
    ...given('killedAtMs', optional(fields['killedAtMs'], time)),
  };
}

function readInFlight(value: unknown, { record, text, time, optional }: Reader): InFlight | undefined {
  const fields = record(value);
  const id = text(fields['id']);
  const container = text(fields['container']);
  const containerId = text(fields['containerId']);
  const askedAtMs = time(fields['askedAtMs']);
  if (id === undefined || container === undefined || containerId === undefined || askedAtMs === undefined) {
    return undefined;
  }
  return {
    id,
    container,
    containerId,
    askedAtMs,
    phase: fields['phase'] === 'verifying' ? 'verifying' : 'restarting',
    by: optional(fields['by'], text) ?? 'stagewatch',
    why: optional(fields['why'], text) ?? '',
    ...given('stage', optional(fields['stage'], text)),
    ...given('evidence', optional(fields['evidence'], text)),
    ...given('place', optional(fields['place'], text)),
    ...given('startedBeforeMs', optional(fields['startedBeforeMs'], time)),
    ...given('startedAfterMs', optional(fields['startedAfterMs'], time)),
    ...given('seenStartedAtMs', optional(fields['seenStartedAtMs'], time)),
  };
}

/** The field, where there is a value. */
function given<K extends string, V>(name: K, value: V | undefined): { readonly [key in K]?: V } {
  return value === undefined ? {} : ({ [name]: value } as { readonly [key in K]?: V });
}
