/** Puts together what is known of a run: numbers from Prometheus where there is one, events from the journal, or the journal alone. */

import type { JournalEntry } from '../journal/journal-entry.js';
import { counted } from '../lib/counted.js';
import { type JournalEvents, readEvents } from './events-from-journal.js';
import type { FailureGroup, RunFacts, StageFacts, TimeRange } from './run-facts.js';
import { type JournalWork, readWork } from './work-from-journal.js';
import type { PrometheusWork } from './work-from-prometheus.js';

export interface Gathered {
  readonly range: TimeRange;
  /** Entries of the range, and those before it that it begins from; null: no journal. */
  readonly journal: readonly JournalEntry[] | null;
  /** Null: no Prometheus. */
  readonly prometheus: PrometheusWork | null;
  readonly sources: readonly string[];
  readonly notes: readonly string[];
  /** The stage that ends a document, where somebody said so. */
  readonly finalStage: string | null;
}

export function gatherFacts(gathered: Gathered): RunFacts {
  const { range, journal, prometheus, finalStage } = gathered;
  const events = journal && readEvents(journal, range);
  const written = journal && readWork(journal, range);
  const work = prometheus ?? written;
  const last = finalStage ?? (work?.isOrdered ? (work.stages.at(-1)?.id ?? null) : null);
  const stuck = prometheus?.stuck ?? events?.stuck ?? [];
  return {
    range,
    sources: gathered.sources,
    notes: [...gathered.notes, ...notesOf({ events, written, prometheus, last })],
    documentsDone: work?.stages.find(({ id }) => id === last)?.completed ?? null,
    documentsFailed: events?.documentsFailed ?? sumFailures(prometheus),
    throughput: work?.throughput ?? [],
    stages: withStuckTime(work?.stages ?? [], stuck),
    stuck,
    restarts: events?.restarts ?? [],
    restartCounts: work?.restartCounts ?? null,
    failures: events?.failures ?? failuresByReason(prometheus),
    alerts: firstNonEmpty(events?.alerts, prometheus?.alerts),
    gpus: firstNonEmpty(prometheus?.gpus, written?.gpus),
  };
}

/** The better source may hold nothing: a journal that was removed, a Prometheus that scraped no GPU. */
function firstNonEmpty<T>(...lists: readonly (readonly T[] | undefined)[]): readonly T[] {
  return lists.find((list) => list !== undefined && list.length > 0) ?? [];
}

function withStuckTime(stages: readonly StageFacts[], stuck: RunFacts['stuck']): readonly StageFacts[] {
  return stages.map((stage) => ({
    ...stage,
    stuckSeconds: stuck
      .filter((one) => one.stage === stage.id)
      .reduce((sum, { seconds }) => sum + seconds, 0),
  }));
}

function sumFailures(prometheus: PrometheusWork | null): number | null {
  if (!prometheus) return null;
  const failed = prometheus.stages.reduce((sum, stage) => sum + stage.failed, 0);
  return Math.round(Math.max(failed, ...prometheus.failures.values(), 0));
}

/** Prometheus knows how many there were of each reason, and no words. */
function failuresByReason(prometheus: PrometheusWork | null): readonly FailureGroup[] {
  return [...(prometheus?.failures ?? [])]
    .filter(([, count]) => count > 0)
    .map(([reason, count]) => ({
      reason,
      signature: 'the journal has the words',
      count: Math.round(count),
      stages: [],
      workers: 0,
      examples: [],
    }))
    .toSorted((one, other) => other.count - one.count);
}

interface Known {
  readonly events: JournalEvents | null;
  readonly written: JournalWork | null;
  readonly prometheus: PrometheusWork | null;
  readonly last: string | null;
}

function notesOf({ events, written, prometheus, last }: Known): readonly string[] {
  const notes = [...(prometheus?.notes ?? [])];
  if (!prometheus && written?.stages.length === 0) {
    notes.push(
      'the journal holds no run summaries of this range: jobs, durations and GPU memory are not known',
    );
  }
  if (last === null) {
    notes.push(
      'no stages are configured, so which one ends a document is not known; name it with --final-stage',
    );
  }
  if (events && events.entriesLost > 0)
    notes.push(
      `${counted(events.entriesLost, 'entry')} of the journal ${events.entriesLost === 1 ? 'was' : 'were'} lost`,
    );
  if (events && events.failuresLeftOut > 0) {
    notes.push(`${counted(events.failuresLeftOut, 'failure')} came too fast to be written one by one`);
  }
  if (!events)
    notes.push('no journal: restarts, texts of failures and when findings began are known in part at most');
  return notes;
}
