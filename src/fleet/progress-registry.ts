/** Folds progress files and messages into workers, orchestrators and ended jobs, and joins them with the containers. */

import { isDeepStrictEqual } from 'node:util';
import type { Classify } from './classify.js';
import { createJobLedger } from './job-ledger.js';
import type { Container, IgnoredContainer } from './model.js';
import { parseProgress } from './parse-progress.js';
import { countProgressFiles } from './progress-file-counts.js';
import {
  describeOrchestrator,
  describeWorker,
  type JoinContext,
  joinReports,
  type Place,
  placeReport,
} from './progress-join.js';
import type {
  IgnoredProgressFile,
  Orchestrator,
  ProgressFileCounts,
  ProgressPicture,
  ProgressReport,
  Worker,
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
import { createReporterIndex, type ReporterIndex } from './reporter-index.js';

export interface ProgressRegistry extends ProgressPicture {
  apply(observation: ProgressObservation): void;
  /** Containers came, went or changed: who is who is looked up anew. */
  containersChanged(): void;
  reclassify(classify: Classify): void;
  /** The folder is read no longer; its jobs have not ended, nobody looks any more. */
  forgetFiles(): void;
}

export interface ProgressRegistryOptions {
  readonly classify: Classify;
  readonly containers: ReadonlyMap<string, Container>;
  readonly ignored: ReadonlyMap<string, IgnoredContainer>;
  /** Sentinels are watched: they may say of a job that it failed, a little after it ended. */
  readonly areOutcomesExpected: () => boolean;
}

const FILE = 'file:';
const MESSAGE = 'message:';
/** A worker that only sends messages has no file to remove: after the longest legal job and some it is forgotten. */
const MESSAGE_SILENCE_MS = 3 * 3_600_000;
const MAX_MESSENGERS = 10_000;
const MAX_TOLD_STAGES = 20_000;

export function createProgressRegistry(options: ProgressRegistryOptions): ProgressRegistry {
  const { containers, ignored, areOutcomesExpected } = options;
  let { classify } = options;
  const ledger = createJobLedger(areOutcomesExpected);
  const trackers = new Map<string, Tracker>();
  /** Where each reporter's container was when last seen: a job that ends with its container is counted there. */
  const lastPlaces = new Map<string, Place>();
  const toldStages = new Map<string, string>();
  const ignoredFiles = new Map<string, IgnoredProgressFile>();
  const workers = new Map<string, Worker>();
  const orchestrators = new Map<string, Orchestrator>();
  let counts: ProgressFileCounts | undefined;
  let lastLookAtMs: number | undefined;
  let hasHeard = false;
  let index: ReporterIndex | undefined;
  let isPictureOld = true;

  function context(): JoinContext {
    index ??= createReporterIndex(containers.values(), ignored.values());
    return { index, classify, toldStages };
  }

  function placeOf(key: string, tracker: Tracker): Place | undefined {
    const place = placeReport(tracker, context());
    if (place?.identity !== undefined) lastPlaces.set(key, place);
    return place;
  }

  function advance(key: string, report: ProgressReport, look: Look): void {
    const before = trackers.get(key);
    const { tracker, ended, gapMs } = advanceTracker(before, report, look);
    const oldPlace = before && (placeOf(key, before) ?? lastPlaces.get(key));
    trackers.set(key, tracker);
    const place = placeOf(key, tracker);
    if (place && report.stage !== undefined) rememberStage(place.key, report.stage);
    for (const end of ended) {
      const isOld = end.tracked === before?.tracked;
      noteEnd(end, isOld ? oldPlace : place);
    }
    if (gapMs !== undefined && place?.role === 'worker' && place.stage !== undefined) {
      ledger.noteGap({ stage: place.stage, gapMs, atMs: tracker.heardAtMs });
    }
  }

  function rememberStage(key: string, stage: string): void {
    toldStages.delete(key);
    toldStages.set(key, stage);
    const oldest = toldStages.keys().next();
    if (toldStages.size > MAX_TOLD_STAGES && !oldest.done) toldStages.delete(oldest.value);
  }

  function noteEnd(end: TrackedEnd, place: Place | undefined): void {
    if (place?.role !== 'worker') return;
    const { document, startedAtMs } = end.tracked.job;
    ledger.jobEnded({
      container: place.container,
      ...(place.identity !== undefined && { identity: place.identity }),
      ...(place.stage !== undefined && { stage: place.stage }),
      ...(document !== undefined && { document }),
      startedAtMs,
      endedAtMs: end.endedAtMs,
      ...(end.durationMs !== undefined && { durationMs: end.durationMs }),
      outcome: end.outcome,
      end: end.end,
    });
  }

  function drop(key: string, look: Look): void {
    const tracker = trackers.get(key);
    if (!tracker) return;
    const now = placeOf(key, tracker);
    const end = key.startsWith(FILE) ? endByRemoval(tracker, look) : endBySilence(tracker);
    // The container may be gone already; its labels told the stage better than the file does.
    if (end) noteEnd(end, now?.identity === undefined ? (lastPlaces.get(key) ?? now) : now);
    forget(key);
  }

  function forget(key: string): void {
    trackers.delete(key);
    lastPlaces.delete(key);
  }

  function applyFile({ name, mtimeMs, reading }: ChangedProgressFile, look: Look): void {
    const key = FILE + name;
    const before = trackers.get(key);
    if (reading.kind === 'ignored') {
      const { reason, detail } = reading;
      const known = ignoredFiles.get(name);
      const sinceMs = known?.reason === reason ? known.sinceMs : look.atMs;
      ignoredFiles.set(name, { file: `${name}.json`, reason, detail, sinceMs });
      if (before) trackers.set(key, { ...before, unreadable: reason });
      return;
    }
    ignoredFiles.delete(name);
    const { report } = reading;
    if (
      before &&
      !before.unreadable &&
      before.mtimeMs === mtimeMs &&
      isDeepStrictEqual(before.report, report)
    )
      return;
    adoptMessages(key, report.name);
    advance(key, report, { ...look, mtimeMs });
  }

  /** A worker that sends messages and writes a file is one worker with one job. */
  function adoptMessages(key: string, name: string): void {
    const told = trackers.get(MESSAGE + name);
    if (!told) return;
    if (!trackers.has(key)) trackers.set(key, told);
    forget(MESSAGE + name);
  }

  function applySweep({ atMs, isComplete, changed, removed, skipped }: ProgressSwept): void {
    const look = { atMs, sinceMs: lastLookAtMs };
    const gone = isComplete ? missingFrom(changed) : removed;
    for (const name of gone) {
      ignoredFiles.delete(name);
      drop(FILE + name, look);
    }
    for (const file of changed) applyFile(file, look);
    lastLookAtMs = atMs;
    const now = countProgressFiles(fileTrackers(), ignoredFiles.values(), skipped);
    if (!isDeepStrictEqual(counts, now)) counts = now;
  }

  function missingFrom(changed: readonly ChangedProgressFile[]): readonly string[] {
    const present = new Set(changed.map(({ name }) => name));
    const known = [...trackers.keys()]
      .filter((key) => key.startsWith(FILE))
      .map((key) => key.slice(FILE.length));
    return [...new Set([...known, ...ignoredFiles.keys()])].filter((name) => !present.has(name));
  }

  function applyMessage(text: string, atMs: number): void {
    for (const [key, { heardAtMs }] of trackers) {
      if (key.startsWith(MESSAGE) && atMs - heardAtMs > MESSAGE_SILENCE_MS) drop(key, { atMs });
    }
    const reading = parseProgress(text);
    if (reading.kind === 'ignored') return;
    const { report } = reading;
    for (const [key, tracker] of trackers) {
      // The file is the better word: it is there until it is removed.
      if (key.startsWith(FILE) && tracker.report.name === report.name) return;
    }
    const key = MESSAGE + report.name;
    if (!trackers.has(key) && trackers.size >= MAX_MESSENGERS) return;
    advance(key, report, { atMs, sinceMs: trackers.get(key)?.heardAtMs });
  }

  /** Brings workers and orchestrators up to date; whoever has not changed stays the same object. */
  function refresh(): void {
    if (!isPictureOld) return;
    isPictureOld = false;
    const placed = [...trackers].map(([key, tracker]) => ({ place: placeOf(key, tracker), tracker }));
    const joined = joinReports(containers.values(), placed, context());
    const nextWorkers = new Map<string, Worker>();
    const nextOrchestrators = new Map<string, Orchestrator>();
    for (const { place, tracker } of joined.values()) {
      if (place.role === 'worker') nextWorkers.set(place.key, describeWorker(place, tracker));
      else nextOrchestrators.set(place.key, describeOrchestrator(place, tracker));
    }
    replaceChanged(workers, nextWorkers);
    replaceChanged(orchestrators, nextOrchestrators);
    // Nobody listens to progress: a counter at 0 would say that nothing was done.
    if (hasHeard) ledger.knowStages(new Set([...workers.values()].flatMap(({ stage }) => stage ?? [])));
  }

  function fileTrackers(): Tracker[] {
    return [...trackers].flatMap(([key, tracker]) => (key.startsWith(FILE) ? tracker : []));
  }

  function apply(observation: ProgressObservation): void {
    isPictureOld = true;
    hasHeard ||= observation.kind !== 'job-outcome';
    switch (observation.kind) {
      case 'progress-swept':
        applySweep(observation);
        break;
      case 'progress-message':
        applyMessage(observation.text, observation.atMs);
        break;
      case 'job-outcome':
        ledger.noteOutcome(observation);
        break;
    }
    ledger.settle(observation.atMs);
  }

  return {
    get workers() {
      refresh();
      return workers;
    },
    get orchestrators() {
      refresh();
      return orchestrators;
    },
    get stageWork() {
      refresh();
      return ledger.stageWork;
    },
    get progressFileCounts() {
      return counts;
    },
    endedJobs: ledger.endedJobs,
    progressGaps: ledger.progressGaps,
    ignoredProgressFiles: ignoredFiles,
    apply,
    containersChanged() {
      index = undefined;
      isPictureOld = true;
    },
    reclassify(next) {
      classify = next;
      index = undefined;
      isPictureOld = true;
    },
    forgetFiles() {
      for (const key of [...trackers.keys()]) if (key.startsWith(FILE)) forget(key);
      ignoredFiles.clear();
      counts = undefined;
      lastLookAtMs = undefined;
      isPictureOld = true;
    },
  };
}

function replaceChanged<T extends object>(current: Map<string, T>, next: ReadonlyMap<string, T>): void {
  for (const key of current.keys()) if (!next.has(key)) current.delete(key);
  for (const [key, entity] of next) {
    if (!isDeepStrictEqual(current.get(key), entity)) current.set(key, entity);
  }
}
