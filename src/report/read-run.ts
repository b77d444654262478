/** Reads one range of a run from what there is: Prometheus, the journal, or both; what fails is said, and the rest is told. */

import type { JournalEntry } from '../journal/journal-entry.js';
import { readJournal } from '../journal/read-journal.js';
import { counted } from '../lib/counted.js';
import { describeError } from '../lib/describe-error.js';
import { timeOf } from './events-from-journal.js';
import { gatherFacts } from './gather-facts.js';
import type { PrometheusClient } from './prometheus-client.js';
import { describeRange } from './report-document.js';
import type { RunFacts, TimeRange } from './run-facts.js';
import { askForWork, type PrometheusWork } from './work-from-prometheus.js';

export interface RunSources {
  readonly prometheus: PrometheusClient | null;
  /** Without credentials, for words. */
  readonly prometheusName: string;
  /** A data_dir or a file; null: no journal is asked for. */
  readonly journalPath: string | null;
  readonly finalStage: string | null;
}

export type RunReading =
  | { readonly kind: 'ok'; readonly facts: RunFacts }
  | { readonly kind: 'failed'; readonly problem: string };

/** Findings may have been opened, and counts begun, before the range. */
const LOOK_BACK_MS = 7 * 24 * 3_600_000;

/** A range that was chosen: where less is known than was asked for, the report says so. */
export async function readRun(sources: RunSources, range: TimeRange, isChosen: boolean): Promise<RunReading> {
  const written = await readWritten(sources, range);
  const clipped = await clip(sources, written.entries, range);
  const told = await askPrometheus(sources, clipped);
  if (written.entries === null && told.work === null) {
    const problems = [...told.notes, ...written.notes];
    return {
      kind: 'failed',
      problem:
        problems.length > 0
          ? problems.join('; ')
          : 'nothing to report from; name a Prometheus with --prometheus or a journal with --journal',
    };
  }
  const facts = gatherFacts({
    range: clipped,
    journal: written.entries,
    prometheus: told.work,
    sources: [...told.sources, ...written.sources],
    notes: [...(isChosen ? missingNotes(range, clipped) : []), ...told.notes, ...written.notes],
    finalStage: sources.finalStage,
  });
  return { kind: 'ok', facts };
}

interface Written {
  readonly entries: readonly JournalEntry[] | null;
  readonly sources: readonly string[];
  readonly notes: readonly string[];
}

async function readWritten({ journalPath: path }: RunSources, { fromMs, toMs }: TimeRange): Promise<Written> {
  if (path === null) return { entries: null, sources: [], notes: [] };
  try {
    const { entries, files, badLines, leftOut } = await readJournal({
      path,
      fromMs: fromMs - LOOK_BACK_MS,
      toMs,
    });
    const notes = [
      ...(badLines > 0 ? [`left out: ${counted(badLines, 'line')} of the journal that cannot be read`] : []),
      ...(leftOut > 0 ? [`left out of a very long journal: its ${counted(leftOut, 'oldest entry')}`] : []),
    ];
    const count = `${counted(entries.length, 'entry')} in ${counted(files, 'file')}`;
    return { entries, sources: [`journal ${path}: ${count}`], notes };
  } catch (error) {
    return {
      entries: null,
      sources: [],
      notes: [`the journal ${path} cannot be read: ${describeError(error)}`],
    };
  }
}

interface Told {
  readonly work: PrometheusWork | null;
  readonly sources: readonly string[];
  readonly notes: readonly string[];
}

async function askPrometheus({ prometheus, prometheusName }: RunSources, range: TimeRange): Promise<Told> {
  if (!prometheus) return { work: null, sources: [], notes: [] };
  const work = await askForWork(prometheus, range);
  if ('problem' in work) {
    return {
      work: null,
      sources: [],
      notes: [`Prometheus ${prometheusName} cannot be read: ${work.problem}`],
    };
  }
  if (work.stages.length === 0) {
    const note = `Prometheus ${prometheusName} knows nothing of the pipeline in ${describeRange(range)}`;
    return { work: null, sources: [], notes: [note] };
  }
  return { work, sources: [`Prometheus ${prometheusName}`], notes: [] };
}

/** To where there is anything, so that hours before and after the run do not thin its rates. */
async function clip(
  { prometheus }: RunSources,
  entries: readonly JournalEntry[] | null,
  range: TimeRange,
): Promise<TimeRange> {
  const all = entries ?? [];
  const summaries = all.filter(({ type }) => type === 'run_summary');
  // Without a summary its events are all that is known of the run.
  const times = (summaries.length > 0 ? summaries : all).flatMap(({ at, intervalMs }) => {
    const atMs = timeOf(at);
    return atMs === null ? [] : [atMs, atMs - (typeof intervalMs === 'number' ? intervalMs : 0)];
  });
  if (prometheus) {
    const stepMs = 60_000;
    const answer = await prometheus.queryRange('count(pipeline_stage_jobs_completed_total)', range, stepMs);
    if (answer.kind === 'ok')
      times.push(...answer.series.flatMap(({ points }) => points.map(({ atMs }) => atMs)));
  }
  const within = times.filter((atMs) => atMs >= range.fromMs && atMs <= range.toMs);
  if (within.length < 2) return range;
  const fromMs = within.reduce((one, other) => Math.min(one, other));
  const toMs = within.reduce((one, other) => Math.max(one, other));
  return fromMs < toMs ? { fromMs, toMs } : range;
}

/** Of a step of Prometheus or a summary of the journal less than this is missing at either end. */
const WORTH_SAYING_MS = 6 * 60_000;

function missingNotes(asked: TimeRange, known: TimeRange): readonly string[] {
  const missingMs = known.fromMs - asked.fromMs + (asked.toMs - known.toMs);
  return missingMs < WORTH_SAYING_MS
    ? []
    : [`asked for was ${describeRange(asked)}: what is known is shorter`];
}
