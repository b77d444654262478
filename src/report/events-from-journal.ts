/** Reads failures, alerts, restarts and stuck time out of journal entries. */

import type { JournalEntry } from '../journal/journal-entry.js';
import { type Failure, groupFailures } from './failure-groups.js';
import type { AlertFacts, FailureGroup, RestartFacts, StuckFacts, TimeRange } from './run-facts.js';

export interface JournalEvents {
  readonly failures: readonly FailureGroup[];
  /** Distinct documents among the failures. */
  readonly documentsFailed: number;
  /** Failures that were too many to be written one by one. */
  readonly failuresLeftOut: number;
  readonly alerts: readonly AlertFacts[];
  readonly restarts: readonly RestartFacts[];
  readonly stuck: readonly StuckFacts[];
  /** Entries that the disk took too late. */
  readonly entriesLost: number;
}

/** `entries` are of the range, oldest first, with those before it that are still open at its begin. */
export function readEvents(entries: readonly JournalEntry[], range: TimeRange): JournalEvents {
  const ofType = (type: JournalEntry['type']): readonly JournalEntry[] =>
    entries.filter((entry) => entry.type === type && timeOf(entry.at) !== null);
  const failed = ofType('failure').filter((entry) => isWithin(entry, range));
  const failures = failed.map(readFailure);
  const alerts = readAlerts(entries, range);
  return {
    failures: groupFailures(failures),
    documentsFailed: new Set(failures.map(({ document }) => document).filter((one) => one !== null)).size,
    failuresLeftOut: failed.reduce((sum, entry) => sum + (numberOf(entry['leftOut']) ?? 0), 0),
    alerts,
    restarts: readRestarts(entries.filter((entry) => isWithin(entry, range))),
    stuck: stuckOf(alerts, range),
    entriesLost: ofType('entries_lost').reduce((sum, entry) => sum + (numberOf(entry['count']) ?? 0), 0),
  };
}

function readFailure(entry: JournalEntry): Failure {
  return {
    stage: textOf(entry['stage']),
    document: textOf(entry['document']),
    worker: textOf(entry['worker']),
    reason: textOf(entry['reason']) ?? 'other',
    error: textOf(entry['error']) ?? '',
  };
}

/** An opening and the clearing of the same id after it; a daemon that ended in between goes on with the same id. */
function readAlerts(entries: readonly JournalEntry[], range: TimeRange): readonly AlertFacts[] {
  const open = new Map<string, AlertFacts>();
  const ended: AlertFacts[] = [];
  for (const entry of entries) {
    const id = textOf(entry['id']);
    const atMs = timeOf(entry.at);
    if (id === null || atMs === null) continue;
    if (entry.type === 'finding_opened' && !open.has(id)) open.set(id, readAlert(entry, atMs));
    if (entry.type !== 'finding_cleared') continue;
    const alert = open.get(id);
    open.delete(id);
    if (alert) ended.push({ ...alert, clearedAtMs: atMs });
  }
  return [...ended, ...open.values()]
    .filter(({ clearedAtMs }) => clearedAtMs === null || clearedAtMs >= range.fromMs)
    .toSorted((one, other) => one.openedAtMs - other.openedAtMs);
}

function readAlert(entry: JournalEntry, openedAtMs: number): AlertFacts {
  const of = (field: string): string | null => textOf(entry[field]);
  const gpu = of('gpu');
  return {
    kind: of('kind') ?? 'unknown',
    severity: of('severity') ?? 'warning',
    subject:
      of('container') ??
      of('queue') ??
      of('source') ??
      of('channel') ??
      of('document') ??
      (gpu === null ? null : `GPU ${gpu}`) ??
      of('stage') ??
      '',
    stage: of('stage'),
    container: of('container'),
    summary: of('summary'),
    isConsequence: of('consequenceOf') !== null,
    beganAtMs: timeOf(of('beganAt')),
    openedAtMs,
    clearedAtMs: null,
  };
}

/** From the begin of what is wrong to its end, within the range. */
function stuckOf(alerts: readonly AlertFacts[], { fromMs, toMs }: TimeRange): readonly StuckFacts[] {
  const seconds = new Map<string, StuckFacts>();
  for (const { kind, container, stage, beganAtMs, openedAtMs, clearedAtMs } of alerts) {
    if (kind !== 'WorkerStuck' || container === null) continue;
    const began = Math.max(fromMs, beganAtMs ?? openedAtMs);
    const lasted = Math.max(0, Math.min(toMs, clearedAtMs ?? toMs) - began) / 1000;
    seconds.set(container, { container, stage, seconds: (seconds.get(container)?.seconds ?? 0) + lasted });
  }
  return [...seconds.values()].toSorted((one, other) => other.seconds - one.seconds);
}

/** A restart is its end; one whose end was not written is its start. */
function readRestarts(entries: readonly JournalEntry[]): readonly RestartFacts[] {
  /** What the restart planned last of a container would cost. */
  const costs = new Map<string, string>();
  const restarts = new Map<string, RestartFacts>();
  for (const [index, entry] of entries.entries()) {
    const container = textOf(entry['container']);
    if (container === null) continue;
    if (entry.type === 'restart_planned') noteCost(entry, container, costs);
    if (entry.type !== 'restart_started' && entry.type !== 'restart_ended') continue;
    const key = `${container} ${textOf(entry['incident']) ?? index}`;
    const restart = readRestart(entry, container, restarts.get(key));
    restarts.set(key, { ...restart, lost: costs.get(container) ?? restart.lost });
  }
  return [...restarts.values()].toSorted((one, other) => one.atMs - other.atMs);
}

function noteCost(entry: JournalEntry, container: string, costs: Map<string, string>): void {
  const cost = textOf(entry['cost']) ?? textOf(fieldOf(entry['cost'], 'text'));
  if (cost !== null) costs.set(container, cost);
}

/** `before`: what an earlier entry told of the same restart. */
function readRestart(entry: JournalEntry, container: string, before: RestartFacts | undefined): RestartFacts {
  const tookMs = numberOf(entry['tookMs']);
  const tell = (field: 'stage' | 'by' | 'why' | 'result' | 'text'): string | null =>
    textOf(entry[field]) ?? before?.[field] ?? null;
  return {
    atMs: before?.atMs ?? (timeOf(entry.at) ?? 0) - (tookMs ?? 0),
    container,
    stage: tell('stage'),
    by: tell('by'),
    why: tell('why'),
    result: tell('result'),
    text: tell('text'),
    lost: before?.lost ?? null,
    tookSeconds: tookMs === null ? (before?.tookSeconds ?? null) : tookMs / 1000,
  };
}

function isWithin(entry: JournalEntry, { fromMs, toMs }: TimeRange): boolean {
  const atMs = timeOf(entry.at);
  return atMs !== null && atMs >= fromMs && atMs <= toMs;
}

export function textOf(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}

export function numberOf(value: unknown): number | null {
  return typeof value === 'number' && Number.isFinite(value) ? value : null;
}

export function fieldOf(value: unknown, field: string): unknown {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Readonly<Record<string, unknown>>)[field]
    : undefined;
}

export function timeOf(text: string | null): number | null {
  const atMs = text === null ? Number.NaN : Date.parse(text);
  return Number.isNaN(atMs) ? null : atMs;
}
