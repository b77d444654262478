/** Watches the sentinel files through a thread of its own, and tells what is present, what is new and what failed. */

import { resolve } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { SentinelsConfig } from '../../config/sentinels-section.js';
import { createBackoff } from '../../lib/backoff.js';
import type { Timer } from '../../lib/clock.js';
import { formatDuration, writeDuration } from '../../lib/duration.js';
import { endThread } from '../../lib/end-thread.js';
import { createHealthReporter } from '../health-reporter.js';
import type { Source, SourceContext } from '../source.js';
import { SourceError } from '../source-error.js';
import { createFailureClassifier, UNKNOWN_REASON } from './classify-failure.js';
import { createFailureMemory } from './failure-memory.js';
import type { FoundFailure, ObserverEvent, ObserverOptions, Report } from './observer-messages.js';
import { createSentinelOwners } from './sentinel-owners.js';
import { createSuccessMemory, storedSuccesses } from './success-memory.js';

export interface SentinelsSourceOptions {
  readonly config: SentinelsConfig & { readonly root: string };
  /** Stages of the configuration: their counters start at 0. */
  readonly stages: readonly string[];
  /** The thread's program; another one in tests. */
  readonly threadUrl?: URL;
  /** Silence of the thread after which it counts as stalled. */
  readonly stallLimitMs?: number;
}

const DEFAULT_STALL_LIMIT_MS = 10_000;
const STOP_LIMIT_MS = 1000;
/** Less is corrected without a word. */
const TOLD_SKEW_MS = 30_000;
/** The time of the last look is saved no more often than this when nothing else has changed. */
const SAVE_INTERVAL_MS = 30_000;
/** Notes are bounded, and those of failures must not be lost among them. */
const SAVE_AFTER_SUCCESSES = 1000;
/** A longer way from written to seen is a file that was moved in with its folder, not a delay of watching. */
const MAX_DELAY_SCANS = 2;

export function createSentinelsSource(options: SentinelsSourceOptions, context: SourceContext): Source {
  const { config, stages, stallLimitMs = DEFAULT_STALL_LIMIT_MS } = options;
  const { clock, log, apply, durable } = context;
  const root = resolve(config.root);
  const target = `${root}/${config.pattern}`;
  const threadUrl = options.threadUrl ?? new URL('./observer-thread.js', import.meta.url);
  const classify = createFailureClassifier(config.reasons);
  const stored = durable?.load();
  const memory = createFailureMemory({
    stored,
    notes: durable?.loadNotes() ?? [],
    note: (value) => durable?.note(value),
    key: target,
    nowMs: clock.nowMs,
  });
  const successes = createSuccessMemory({
    stored: storedSuccesses(stored, durable?.loadNotes() ?? [], target),
    // In a first life what is noted before all was looked at once has nothing to add to.
    note: (success) => memory.isWorthKeeping() && durable?.note({ key: target, success }),
  });
  const owners = createSentinelOwners({ log, ownUid: process.getuid?.() });
  const reasons = [...new Set([...Object.keys(config.reasons), UNKNOWN_REASON])];
  const health = createHealthReporter('sentinels', context);
  const backoff = createBackoff({ baseMs: 1000, maxMs: 60_000 });
  let thread: Worker | undefined;
  let restart: Timer | undefined;
  let watchdog: Timer | undefined;
  let lastReportMs = 0;
  let lastSaveMs = Number.NEGATIVE_INFINITY;
  let isStopped = false;
  /** Successes that were noted since a save was asked for. */
  let unsaved = 0;
  let toldSkewMs: number | undefined;
  /** Stages of the configuration of which nothing has been found yet. */
  let uncounted = new Set<string>();

  function save(): void {
    if (!memory.isWorthKeeping()) return;
    lastSaveMs = clock.monotonicMs();
    unsaved = 0;
    durable?.save(() => ({ ...memory.toStored(), successes: successes.toStored() }));
  }

  function takeFailure(event: FoundFailure): void {
    const { path, stage, error, atMs } = event;
    // The set of reasons is closed: a word of the writer's own is no label.
    const isKnown = event.reason !== undefined && reasons.includes(event.reason);
    const reason = isKnown && event.reason !== undefined ? event.reason : classify(error);
    const who = {
      stage,
      ...(event.document !== undefined && { document: event.document }),
      ...(event.worker !== undefined && { worker: event.worker }),
    };
    if (event.isContinued) memory.continued(path, event.identity);
    const { isNew, firstSeenAtMs } = memory.judge(path, event.identity, atMs);
    apply({
      kind: 'failure-present',
      failure: {
        ...who,
        path,
        reason,
        error,
        writtenAtMs: atMs,
        ...(event.failedAtMs !== undefined && { failedAtMs: event.failedAtMs }),
        firstSeenAtMs,
      },
    });
    if (isNew) {
      const sentinel = { ...who, outcome: 'failure', atMs, reason, error } as const;
      apply({ kind: 'sentinel-seen', sentinel, ...delayOf(event) });
    }
    save();
  }

  function delayOf({ atMs, isWatched }: { atMs: number; isWatched: boolean }): { delayMs?: number } {
    const delayMs = Math.max(0, clock.nowMs() - atMs);
    return isWatched && delayMs <= MAX_DELAY_SCANS * config.full_scan_interval ? { delayMs } : {};
  }

  function takeEvent(event: ObserverEvent): void {
    if (event.kind !== 'failure-gone') owners.seen(event.path, event.uid);
    if (event.kind === 'failure') takeFailure(event);
    else if (event.kind === 'failure-gone') apply({ kind: 'failure-gone', path: event.path });
    else {
      const { stage, document, atMs } = event;
      const sentinel = {
        outcome: 'success',
        stage,
        ...(document !== undefined && { document }),
        atMs,
      } as const;
      apply({ kind: 'sentinel-seen', sentinel, ...delayOf(event) });
      successes.seen(event);
      if (++unsaved >= SAVE_AFTER_SUCCESSES) save();
    }
  }

  function takeCounts({ counts, look }: Report): void {
    for (const { stage } of counts) uncounted.delete(stage);
    // Everything was read: where nothing was found, there is nothing.
    const none = look ? [...uncounted].map((stage) => ({ stage, successes: 0, failures: 0 })) : [];
    if (look) uncounted.clear();
    if (counts.length + none.length > 0) apply({ kind: 'sentinels-counted', counts: [...counts, ...none] });
  }

  function takeReport(report: Report): void {
    lastReportMs = clock.monotonicMs();
    for (const event of report.events) takeEvent(event);
    takeCounts(report);
    for (const { level, message, fields } of report.notes) log[level](fields, message);
    for (const { reason, problem } of report.problems) health.failedInPart(new SourceError(reason, problem));
    if (report.lost) health.failed(new SourceError(report.lost.reason, report.lost.problem));
    if (report.look) {
      const { disk, rootUid } = report.look;
      owners.looked(rootUid);
      if (disk) apply({ kind: 'sentinel-disk-read', disk: { ...disk, atMs: clock.nowMs() } });
      memory.looked(report.look.startedAtMs, report.look.fileAheadMs);
      successes.looked(report.look.startedAtMs);
      if (report.look.fileAheadMs !== undefined) warnOfClock(report.look.fileAheadMs);
      health.succeeded(report.look.durationMs);
      backoff.reset();
      if (clock.monotonicMs() - lastSaveMs >= SAVE_INTERVAL_MS) save();
    }
  }

  function warnOfClock(aheadMs: number): void {
    const isOff = Math.abs(aheadMs) > TOLD_SKEW_MS;
    // In steps, because each file shows it a little closer.
    if (isOff && Math.abs(aheadMs - (toldSkewMs ?? 0)) <= TOLD_SKEW_MS) return;
    toldSkewMs = isOff ? aheadMs : undefined;
    const off = `${formatDuration(Math.abs(aheadMs))} ${aheadMs > 0 ? 'ahead of' : 'behind'}`;
    const remedy = 'Run a time service (chrony, systemd-timesyncd) on both hosts';
    health.warned(
      isOff
        ? `the clock of the file server of ${root} is ${off} the clock here; times of sentinels are corrected by that. ${remedy}`
        : undefined,
    );
  }

  function startThread(): void {
    uncounted = new Set(stages);
    apply({ kind: 'sentinels-watched', reasons, stages });
    const workerData: ObserverOptions = {
      root,
      pattern: config.pattern,
      intervalMs: config.interval,
      fullScanIntervalMs: config.full_scan_interval,
      watchBudget: config.watch_budget,
      newSinceMs: memory.seenUntilMs,
      knownSuccesses: successes.known,
      ...(memory.fileAheadMs !== undefined && { fileAheadMs: memory.fileAheadMs }),
    };
    lastReportMs = clock.monotonicMs();
    const started = new Worker(threadUrl, {
      workerData,
      name: 'sentinels',
      // Reading folders makes much short-lived garbage: a small nursery keeps it from growing the process.
      resourceLimits: { maxYoungGenerationSizeMb: 4 },
    });
    let problem: unknown;
    started.on('message', (report: Report) => {
      if (isStopped || started !== thread) return;
      takeReport(report);
      started.postMessage({ kind: 'taken' });
    });
    started.on('error', (error) => {
      problem = error;
    });
    started.on('exit', () => {
      if (isStopped || started !== thread) return;
      thread = undefined;
      health.failed(new Error('the thread that looks at the files has ended', { cause: problem }));
      restart = clock.after(backoff.nextDelayMs(), startThread);
    });
    started.unref();
    thread = started;
  }

  /** A call on a stalled mount never returns: silence is all there is to notice. */
  function watchForStall(): void {
    const silentMs = clock.monotonicMs() - lastReportMs;
    if (thread && silentMs > stallLimitMs) {
      const limit = writeDuration(stallLimitMs);
      const problem = `${root} has not answered for more than ${limit}; its file system may be stalled`;
      health.failed(new SourceError('timeout', problem));
    }
    watchdog = clock.after(Math.max(stallLimitMs, config.interval * 2) / 2, watchForStall);
  }

  return {
    name: 'sentinels',
    target,
    start() {
      apply({ kind: 'source-watched', source: 'sentinels', target });
      startThread();
      watchForStall();
    },
    async stop() {
      isStopped = true;
      restart?.cancel();
      watchdog?.cancel();
      const ending = thread;
      thread = undefined;
      save();
      if (ending && (await endThread(ending, { clock, limitMs: STOP_LIMIT_MS })) === 'left-behind') {
        log.warn({ root }, 'a call to the file system does not return, its thread is left behind');
      }
    },
  };
}
