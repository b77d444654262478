/** Folds progress files and messages into workers, orchestrators and ended jobs, and joins them with the containers. */

import { isSameData } from '../lib/same-data.js';
import type { Classify } from './classify.js';
import type { HoldEnd } from './hold-model.js';
import type { HoldNews } from './hold-registry.js';
import { createJobLedger } from './job-ledger.js';
import { countIgnoredMessage, NO_IGNORED_MESSAGES } from './message-counts.js';
import { parseProgress } from './parse-progress.js';
import { countProgressFiles } from './progress-file-counts.js';
import type { Place } from './progress-join.js';
import type {
  IgnoredProgressFile,
  IgnoredProgressMessages,
  ProgressFileCounts,
  ProgressPicture,
  ProgressReport,
} from './progress-model.js';
import type { ChangedProgressFile, ProgressObservation, ProgressSwept } from './progress-observations.js';
import {
  advanceTracker,
  endByRemoval,
  endBySilence,
  type Look,
  type TrackedEnd,
  type Tracker,
} from './progress-tracker.js';
import { createReporterBook, type ReporterBookOptions } from './reporter-book.js';
import { createStageGate } from './stage-gate.js';

export interface ProgressRegistry extends ProgressPicture {
  readonly ignoredProgressMessages: IgnoredProgressMessages;
  apply(observation: ProgressObservation): void;
  /** Somebody has said what time it is: what depends on it is settled. */
  timePassed(atMs: number): void;
  /** What the broker says of messages that containers hold has changed. */
  applyHolds(news: HoldNews): void;
  /** Brings workers, orchestrators and the stages they tell up to date, which happens on reading them too. */
  refresh(): void;
  /** Containers came, went or changed: who is who is looked up anew. */
  containersChanged(): void;
  reclassify(classify: Classify): void;
  /** The folder cannot be read now. */
  filesUnseen(): void;
  /** The folder is read no longer; its jobs have not ended, nobody looks any more. */
  forgetFiles(): void;
  /** Nobody listens to messages any more. */
  forgetMessages(): void;
}

export interface ProgressRegistryOptions extends ReporterBookOptions {
  /** Sentinels are watched: they may say how a job ended, a little after it did. */
  readonly areOutcomesExpected: () => boolean;
  /** Stages that exist although no worker may serve them now. */
  readonly knownStages: () => Iterable<string>;
}

const [FILE, MESSAGE] = ['file:', 'message:'] as const;
/** A worker that only sends messages has no file to remove: after the longest legal job and some it is forgotten. */
const MESSAGE_SILENCE_MS = 3 * 3_600_000;
const MAX_MESSENGERS = 10_000;

export function createProgressRegistry(options: ProgressRegistryOptions): ProgressRegistry {
  const { areOutcomesExpected, knownStages } = options;
  const ledger = createJobLedger(areOutcomesExpected);
  const book = createReporterBook(options);
  const { trackers } = book;
  const admitStage = createStageGate();
  /** When a message of each came last, the longest silent first. */
  const messagesAtMs = new Map<string, number>();
  /** The last job of each that ended, the longest ago first. */
  const lastEnds = new Map<string, TrackedEnd>();
  const ignoredFiles = new Map<string, IgnoredProgressFile>();
  let ignoredMessages = NO_IGNORED_MESSAGES;
  let counts: ProgressFileCounts | undefined;
  let lastLookAtMs: number | undefined;
  /** The folder could not be read since: steps may have been made that were not seen. */
  let wasUnseen = false;
  let hasHeard = false;

  function advance(key: string, report: ProgressReport, look: Look): void {
    const before = trackers.get(key);
    const notBeforeMs = before?.tracked ? before.tracked.job.lastHeartbeatAtMs : endBefore(key, report);
    const { tracker, ended, gapMs } = advanceTracker(before, report, { ...look, notBeforeMs });
    const oldPlace = before && (book.placeOf(key) ?? book.lastPlaceOf(key));
    book.put(key, tracker);
    const place = book.placeOf(key);
    for (const end of ended) {
      const isOld = end.tracked === before?.tracked;
      noteEnd(end, isOld ? oldPlace : place);
      rememberEnd(key, end);
    }
    if (gapMs !== undefined && !wasUnseen && place?.role === 'worker' && place.stage !== undefined) {
      ledger.noteGap({ stage: place.stage, gapMs, atMs: tracker.heardAtMs });
    }
  }

  function noteEnd(end: TrackedEnd, place: Place | undefined): void {
    if (place?.role !== 'worker') return;
    const { job, doneMovedAtMs } = end.tracked;
    const { document, startedAtMs } = job;
    const stepAtMs = job.done === undefined || wasUnseen ? undefined : doneMovedAtMs;
    ledger.jobEnded({
      container: place.container,
      ...(place.identity !== undefined && { identity: place.identity }),
      ...(place.stage !== undefined && { stage: place.stage }),
      ...(document !== undefined && { document }),
      startedAtMs,
      endedAtMs: end.endedAtMs,
      ...(end.durationMs !== undefined && { durationMs: end.durationMs }),
      ...(stepAtMs !== undefined && { lastStepAtMs: stepAtMs }),
      outcome: end.outcome,
      end: end.end,
    });
  }

  function rememberEnd(key: string, end: TrackedEnd): void {
    lastEnds.delete(key);
    lastEnds.set(key, end);
    const oldest = lastEnds.keys().next();
    if (lastEnds.size > MAX_MESSENGERS && !oldest.done) lastEnds.delete(oldest.value);
  }

  /** A file that is put back tells of the job that ended, not of one after it. */
  function endBefore(key: string, { startedAtMs }: ProgressReport): number | undefined {
    const last = lastEnds.get(key);
    return last && last.tracked.reportedStartMs !== startedAtMs ? last.endedAtMs : undefined;
  }

  function drop(key: string, look: Look): void {
    const tracker = trackers.get(key);
    if (!tracker) return;
    const now = book.placeOf(key);
    const end = key.startsWith(FILE) ? endByRemoval(tracker, look) : endBySilence(tracker);
    // The container may be gone already; its labels told the stage better than the file does.
    if (end) {
      noteEnd(end, now?.identity === undefined ? (book.lastPlaceOf(key) ?? now) : now);
      rememberEnd(key, end);
    }
    forget(key);
  }

  function forget(key: string): void {
    book.remove(key);
    messagesAtMs.delete(key);
  }

  function applyFile({ name, mtimeMs, reading }: ChangedProgressFile, look: Look): void {
    const key = FILE + name;
    const before = trackers.get(key);
    if (reading.kind === 'ignored') {
      const { reason, detail } = reading;
      const known = ignoredFiles.get(name);
      const sinceMs = known?.reason === reason ? known.sinceMs : look.atMs;
      ignoredFiles.set(name, { file: `${name}.json`, reason, detail, sinceMs });
      if (before) book.put(key, { ...before, unreadable: reason });
      return;
    }
    ignoredFiles.delete(name);
    const { report } = reading;
    const isKnown = before && !before.unreadable && before.mtimeMs === mtimeMs;
    if (isKnown && isSameData(before.report, report)) return;
    adoptMessages(key, report.name);
    advance(key, report, { ...look, mtimeMs });
  }

  /** A worker that sends messages and writes a file is one worker with one job. */
  function adoptMessages(key: string, name: string): void {
    const told = trackers.get(MESSAGE + name);
    if (!told) return;
    forget(MESSAGE + name);
    if (!trackers.has(key)) book.put(key, told);
  }

  function applySweep(sweep: ProgressSwept): void {
    const { atMs, isComplete, changed, removed, skipped } = sweep;
    const look = { atMs, sinceMs: lastLookAtMs };
    const gone = isComplete ? missingFrom(sweep.present ?? changed.map(({ name }) => name)) : removed;
    for (const name of gone) {
      ignoredFiles.delete(name);
      drop(FILE + name, look);
    }
    for (const file of changed) applyFile({ ...file, reading: admitStage(file.reading) }, look);
    if (sweep.isPart) return;
    lastLookAtMs = atMs;
    wasUnseen = false;
    const now = countProgressFiles(fileTrackers(), ignoredFiles.values(), skipped);
    if (!isSameData(counts, now)) counts = now;
  }

  function missingFrom(names: readonly string[]): readonly string[] {
    const present = new Set(names);
    const known = [...trackers.keys()]
      .filter((key) => key.startsWith(FILE))
      .map((key) => key.slice(FILE.length));
    return [...new Set([...known, ...ignoredFiles.keys()])].filter((name) => !present.has(name));
  }

  function applyMessage(text: string, atMs: number): void {
    const reading = admitStage(parseProgress(text));
    if (reading.kind === 'ignored') {
      ignoredMessages = countIgnoredMessage(ignoredMessages, reading.reason, {
        detail: reading.detail,
        atMs,
      });
      return;
    }
    const { report } = reading;
    // The file is the better word: it is there until it is removed.
    for (const key of book.keysNamed(report.name)) if (key.startsWith(FILE)) return;
    const key = MESSAGE + report.name;
    if (!trackers.has(key) && messagesAtMs.size >= MAX_MESSENGERS) {
      const detail = `more than ${MAX_MESSENGERS} workers send messages`;
      ignoredMessages = countIgnoredMessage(ignoredMessages, 'too_many', { detail, atMs });
      return;
    }
    // Deleted first, so that the map's order is the order of coming.
    messagesAtMs.delete(key);
    messagesAtMs.set(key, atMs);
    advance(key, report, { atMs, sinceMs: trackers.get(key)?.heardAtMs, isByMessage: true });
  }

  function forgetSilent(atMs: number): void {
    for (const [key, lastAtMs] of messagesAtMs) {
      if (atMs - lastAtMs <= MESSAGE_SILENCE_MS) return;
      drop(key, { atMs });
    }
  }

  function timePassed(atMs: number): void {
    forgetSilent(atMs);
    ledger.settle(atMs);
  }

  /** Counters of stages begin at 0 once somebody watches work; before, 0 would say that nothing was done. */
  function knowStages(): void {
    if (!hasHeard && !areOutcomesExpected()) return;
    const stages = new Set(knownStages());
    // Where only sentinels are watched, a worker's stage may be a guess that they never use.
    if (hasHeard) for (const { stage } of book.workers.values()) if (stage !== undefined) stages.add(stage);
    ledger.knowStages(stages);
  }

  function applyHolds({ changed, ended }: HoldNews): void {
    hasHeard ||= changed.length > 0;
    book.holdsChanged(changed);
    for (const end of ended) noteHoldEnd(end);
  }

  /** Of a worker that reports its jobs itself they are counted by that. */
  function noteHoldEnd({ identity, acked, startedAtMs, endedAtMs, durationMs }: HoldEnd): void {
    const container = options.containers.get(identity);
    const { role, stage, name } = container ?? {};
    if (role !== 'worker' || stage === undefined || name === undefined || book.hasReported(identity)) return;
    const job = startedAtMs !== undefined && {
      ...{ container: name, identity, stage, startedAtMs, endedAtMs },
      ...(durationMs !== undefined && { durationMs }),
      outcome: acked > 0 ? ('succeeded' as const) : ('unknown' as const),
      end: acked > 0 ? ('acked' as const) : ('let_go' as const),
    };
    ledger.jobsAcked({ stage, count: acked, ...(job && { job }) });
  }

  function fileTrackers(): Tracker[] {
    return [...trackers].flatMap(([key, tracker]) => (key.startsWith(FILE) ? tracker : []));
  }

  function apply(observation: ProgressObservation): void {
    hasHeard ||= observation.kind !== 'job-outcome';
    switch (observation.kind) {
      case 'progress-swept':
        applySweep(observation);
        timePassed(observation.atMs);
        break;
      case 'progress-message':
        forgetSilent(observation.atMs);
        applyMessage(observation.text, observation.atMs);
        ledger.settle(observation.atMs);
        break;
      case 'job-outcome':
        // Its time is the file's, which may be of long ago: no time has passed.
        ledger.noteOutcome(observation);
        break;
    }
  }

  return {
    get workers() {
      book.refresh();
      return book.workers;
    },
    get orchestrators() {
      book.refresh();
      return book.orchestrators;
    },
    get stageWork() {
      book.refresh();
      knowStages();
      return ledger.stageWork;
    },
    get progressFileCounts() {
      return counts;
    },
    get ignoredProgressMessages() {
      return ignoredMessages;
    },
    endedJobs: ledger.endedJobs,
    progressGaps: ledger.progressGaps,
    ignoredProgressFiles: ignoredFiles,
    apply,
    timePassed,
    applyHolds,
    refresh: book.refresh,
    containersChanged: book.containersChanged,
    reclassify: book.reclassify,
    filesUnseen() {
      wasUnseen = true;
    },
    forgetFiles() {
      for (const key of [...trackers.keys()]) if (key.startsWith(FILE)) forget(key);
      ignoredFiles.clear();
      counts = undefined;
      lastLookAtMs = undefined;
    },
    forgetMessages() {
      for (const key of [...messagesAtMs.keys()]) forget(key);
    },
  };
}
