/** Sends what was found to the daemon in small reports, the next only when the last was taken in. */

import type { SentinelCount } from '../../fleet/sentinel-observations.js';
import type { Look, Note, ObserverEvent, Problem, Report } from './observer-messages.js';

export interface Reporter {
  emit(event: ObserverEvent): void;
  counts(counts: readonly SentinelCount[]): void;
  problem(problem: Problem): void;
  note(note: Note): void;
  look(look: Look): void;
  lost(problem: Problem): void;
  /** Sends what there is; nothing when there is nothing. */
  flush(): void;
  signOfLife(): void;
  /** The last report was taken in. */
  taken(): void;
}

/** Small enough that taking in a report never holds up the daemon's main loop. */
const MAX_EVENTS = 100;

export function createReporter(send: (report: Report) => void): Reporter {
  let events: ObserverEvent[] = [];
  let counts = new Map<string, SentinelCount>();
  let problems: Problem[] = [];
  let notes: Note[] = [];
  let look: Look | undefined;
  let lost: Problem | undefined;
  let isUnderWay = false;
  let isFlushed = false;

  function sendNext(): void {
    const isMore = events.length > MAX_EVENTS;
    const part = isMore ? events.slice(0, MAX_EVENTS) : events;
    events = isMore ? events.slice(MAX_EVENTS) : [];
    // A look is only over for the daemon when all that it found has arrived.
    const isLast = !isMore;
    const report: Report = {
      events: part,
      counts: isLast ? [...counts.values()] : [],
      problems,
      notes,
      ...(isLast && look && { look }),
      ...(isLast && lost && { lost }),
    };
    problems = [];
    notes = [];
    if (isLast) {
      counts = new Map();
      look = undefined;
      lost = undefined;
      isFlushed = false;
    }
    isUnderWay = true;
    send(report);
  }

  function hasSomething(): boolean {
    return [events, problems, notes].some(({ length }) => length > 0) || counts.size > 0 || !!look || !!lost;
  }

  return {
    emit: (event) => void events.push(event),
    counts(changed) {
      for (const count of changed) counts.set(count.stage, count);
    },
    problem: (problem) => void problems.push(problem),
    note: (note) => void notes.push(note),
    look(next) {
      look = next;
      lost = undefined;
    },
    lost(problem) {
      lost = problem;
      look = undefined;
    },
    flush() {
      isFlushed = true;
      if (!isUnderWay && hasSomething()) sendNext();
    },
    signOfLife() {
      isFlushed = true;
      if (!isUnderWay) sendNext();
    },
    taken() {
      isUnderWay = false;
      if (isFlushed && hasSomething()) sendNext();
    },
  };
}
