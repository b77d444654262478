/** The first thing anybody reads: is it bad, and what is it; or that all is well, and how well. */

import type { FleetJson } from './api-shapes.js';
import type { Flow } from './flow-model.js';
import { elapsedMs, formatCount, formatDuration, formatNumbered, parseTime } from './format.js';
import { sayNobodyKnown } from './gaps.js';
import type { WorkerView } from './people.js';
import type { Problem, ProblemList } from './problems.js';
import type { SourceChip } from './surroundings.js';
import type { SeverityName, StatusName } from './vocabulary.js';

export interface Sentence {
  readonly text: string;
  /** Null: all well, or nothing known yet. */
  readonly severity: SeverityName | null;
  readonly isWell: boolean;
}

export interface SentenceParts {
  readonly fleet: FleetJson;
  readonly problems: ProblemList;
  readonly workers: readonly WorkerView[];
  readonly flow: Flow;
  readonly sources: readonly SourceChip[];
  readonly nowMs: number;
}

export function sayHowItIs(parts: SentenceParts): Sentence {
  const { problems, count } = parts.problems;
  const [worst] = problems;
  if (worst && count > 0) {
    const lead = `${formatNumbered(count, 'problem')}${count === 1 ? '' : '; worst'}`;
    return { text: `${lead}: ${nameProblem(worst)}.`, severity: worst.severity, isWell: false };
  }
  const awaited = parts.sources.filter(({ isUp }) => isUp !== true);
  if ((parts.fleet.containers ?? []).length === 0 && (parts.fleet.workers ?? []).length === 0) {
    return { text: sayNothingKnown(awaited), severity: null, isWell: false };
  }
  const unjudged = sayUnjudged(parts);
  if (unjudged !== undefined) return { text: unjudged, severity: null, isWell: false };
  return { text: sayAllWell(parts), severity: null, isWell: true };
}

/** Of a pipeline whose workers are for the most part not known, no news is not good news. */
function sayUnjudged({ workers, fleet }: SentenceParts): string | undefined {
  if (workers.length === 0) return sayNobodyKnown(fleet);
  const unknown = workers.filter(({ status }) => status === 'unknown');
  if (unknown.length * 2 <= workers.length) return undefined;
  const why = unknown[0]?.reason ? `: ${unknown[0].reason}` : '';
  return `No problem is known, but ${unknown.length} of ${formatNumbered(workers.length, 'worker')} cannot be judged${why}.`;
}

/** `paddle-worker-gpu1-0 stuck for 7m12s at G3_02 Witnesses`. */
export function nameProblem({ who, phrase, howLong, where }: Problem): string {
  return `${who} ${phrase}${howLong}${where === null ? '' : ` at ${where}`}`;
}

function sayNothingKnown(awaited: readonly SourceChip[]): string {
  if (awaited.length === 0) return 'No container of a pipeline is known here.';
  const [first] = awaited;
  const why = first?.problem ? ` (${first.source}: ${first.problem})` : '';
  return `Nothing is known yet: waiting for ${awaited.map(({ source }) => source).join(', ')}${why}.`;
}

function sayAllWell({ workers, flow, fleet, nowMs }: SentenceParts): string {
  const countOf = (...wanted: readonly StatusName[]): number =>
    workers.filter(({ status }) => wanted.includes(status)).length;
  const parts = [`${formatNumbered(countOf('active', 'slow'), 'worker')} busy`];
  const [down, unknown] = [countOf('down'), countOf('unknown')];
  if (down > 0) parts.push(`${formatCount(down)} stopped`);
  if (unknown > 0) parts.push(`${formatCount(unknown)} unknown`);
  const perHour = flow.stages.at(-1)?.jobsPerHour;
  if (perHour !== null && perHour !== undefined)
    parts.push(`${formatNumbered(Math.round(perHour), 'document')} an hour`);
  const runMs = runForMs(fleet, nowMs);
  if (runMs !== null) parts.push(`${formatDuration(runMs)} into the run`);
  return `All well: ${parts.join(', ')}.`;
}

/** Since the oldest of what runs was started: the orchestrators, else the workers. */
function runForMs(fleet: FleetJson, nowMs: number): number | null {
  for (const role of ['orchestrator', 'worker']) {
    const starts = (fleet.containers ?? []).flatMap((container) =>
      container.role === role && container.state === 'running' ? (parseTime(container.startedAt) ?? []) : [],
    );
    if (starts.length > 0) return elapsedMs(Math.min(...starts), nowMs);
  }
  return null;
}
