/**
 * Watches a tree for sentinels, in three ways that cover for each other: kernel watches where they can be trusted,
 * a look at the time stamps of all other folders each interval, and now and then a reading of everything.
 * All calls are synchronous and sliced, so that events are taken between slices; it belongs in a thread of its own.
 */

import { setImmediate as nextTurn } from 'node:timers/promises';
import { compilePattern } from '../../config/sentinel-pattern.js';
import type { Clock, Timer } from '../../lib/clock.js';
import { describeError } from '../../lib/describe-error.js';
import { visibleName } from '../../lib/file-names.js';
import { failureReason, SourceError } from '../source-error.js';
import { createFileClock } from './file-clock.js';
import { type Folder, walkFolders } from './folder-tree.js';
import { isWatchTrusted, type Mount, mountOf, readMounts } from './mounts.js';
import type { ObserverIo } from './observer-io.js';
import type { ObserverOptions, Problem } from './observer-messages.js';
import { createPendingLooks } from './pending-looks.js';
import { createProblemBook } from './problem-book.js';
import { readDisk } from './read-disk.js';
import type { Reporter } from './reporter.js';
import { createStageCounts, MAX_STAGES, OTHER_STAGE } from './stage-counts.js';
import { createTreeReader } from './tree-reader.js';
import { createWatchSet } from './watch-set.js';

export interface Observer {
  start(): void;
  stop(): void;
}

export interface ObserverDeps {
  readonly io: ObserverIo;
  readonly clock: Clock;
  readonly reporter: Reporter;
}

const SLICE_MS = 5;
const SIGN_OF_LIFE_MS = 1000;
/** How often watched folders are checked too: what the kernel failed to tell is seen by then. */
const VERIFY_INTERVAL_MS = 10_000;
/** Clocks of file systems are coarse, and those of file servers a little off. */
const CLOCK_SLACK_MS = 2000;

export function createObserver(options: ObserverOptions, { io, clock, reporter }: ObserverDeps): Observer {
  const problems = createProblemBook();
  const fileClock = createFileClock(clock.nowMs, options.fileAheadMs);
  const counts = createStageCounts(() =>
    reporter.problem({
      reason: 'protocol',
      problem: `there are over ${MAX_STAGES} stages below ${options.root}: the rest is counted as ${OTHER_STAGE}; check sentinels.pattern`,
    }),
  );
  let mounts: readonly Mount[] = [];
  let timer: Timer | undefined;
  let isStopped = false;
  /** Everything was read at least once since the root was last found. */
  let isComplete = false;
  let isVerifyDue = false;
  let lastVerifyMs = 0;
  let lastFullMs = 0;
  let lastSweepMs = 0;
  let rootIdentity = '';
  let rootUid = 0;
  let newSinceMs = options.newSinceMs;
  let lookedAtMs = 0;

  const looks = createPendingLooks({
    clock,
    lookAt: (folder, name) => reader.lookAt(folder, name),
    read: (folder) => reader.read(folder),
    onSlice: flush,
    onProblem: (error) => problems.add(options.root, error),
  });
  const watches = createWatchSet({
    io,
    budget: options.watchBudget,
    onEvent(folder, name) {
      // Most events are of artifacts being written: they are dropped before they cost a system call.
      if (name === null || reader.isOfInterest(folder, name)) looks.add(folder, name);
    },
    onBurst() {
      isVerifyDue = true;
      reporter.note({
        level: 'warn',
        message:
          'so many files changed at once that the kernel may have dropped events, looking at all folders',
        fields: { watched: watches.size },
      });
    },
    onNote: reporter.note,
  });
  const reader = createTreeReader({
    io,
    rootPath: options.root,
    pattern: compilePattern(options.pattern),
    counts,
    problems,
    nowMs: clock.nowMs,
    fileClock,
    ...(options.knownSuccesses && { knownSuccesses: options.knownSuccesses }),
    newSinceMs: () => newSinceMs,
    isWatching: () => isComplete,
    emit: reporter.emit,
    onEnter(folder, path, { dev }) {
      if (folder.device !== dev) {
        folder.device = dev;
        folder.isTrusted = isTrusted(path);
      }
      if (isComplete) watches.add(folder, path);
    },
    onLeave: watches.remove,
    onUnfinished: looks.addLater,
  });

  function isTrusted(path: string): boolean {
    const mount = mountOf(mounts, io.realpath(path));
    const isLocal = mount !== undefined && isWatchTrusted(mount.type);
    if (!isLocal && options.watchBudget > 0) {
      reporter.note({
        level: 'info',
        message:
          'the kernel does not see all changes of this file system, its folders are looked at each interval',
        fields: { path: visibleName(path), type: mount?.type ?? 'unknown' },
      });
    }
    return isLocal;
  }

  /** Reads folders that have just come, and what is in them, at once. */
  function takeNewFolders(first: Folder | undefined): void {
    const open = first ? [first] : [];
    for (let folder = open.pop(); folder; folder = open.pop()) open.push(...reader.read(folder));
  }

  /** Undefined when the root is as it should be. */
  function checkRoot(): Problem | undefined {
    try {
      const stats = io.stat(options.root);
      if (!stats) {
        throw new SourceError(
          'unreachable',
          `sentinel folder ${options.root} is not there; create or mount it, or set sentinels.root`,
        );
      }
      if (!stats.isDirectory()) {
        throw new SourceError('unreachable', `${options.root} is not a folder; set sentinels.root`);
      }
      const identity = `${stats.dev}:${stats.ino}:${stats.birthtimeMs}`;
      if (identity !== rootIdentity) beginAnew();
      rootIdentity = identity;
      rootUid = stats.uid;
      return undefined;
    } catch (error) {
      const problem =
        error instanceof SourceError ? error.message : `reading ${options.root}: ${describeError(error)}`;
      return { reason: failureReason(error), problem };
    }
  }

  function flush(): void {
    // Before everything was read once the counts are not what is present.
    if (isComplete) reporter.counts(counts.takeChanged());
    for (const problem of problems.take()) reporter.problem(problem);
    reporter.flush();
  }

  /** Lets events in, and the daemon know that this is not stuck, when a slice has lasted long enough. */
  function createPause(): () => Promise<void> | undefined {
    let sliceMs = clock.monotonicMs();
    let signMs = sliceMs;
    return () => {
      const nowMs = clock.monotonicMs();
      if (nowMs - sliceMs < SLICE_MS) return undefined;
      if (nowMs - signMs > SIGN_OF_LIFE_MS) {
        signMs = nowMs;
        reporter.signOfLife();
      }
      return nextTurn().then(() => {
        sliceMs = clock.monotonicMs();
      });
    };
  }

  async function readEverything(): Promise<number> {
    problems.beginPass();
    watches.retry();
    mounts = readMounts(io);
    const pause = createPause();
    let folders = 0;
    for (const folder of walkFolders(reader.root)) {
      if (isStopped) break;
      reader.read(folder);
      folders++;
      await pause();
    }
    return folders;
  }

  /** Looks at the time stamps of the folders that nothing else tells about, or of all. */
  async function sweep(isAll: boolean): Promise<number> {
    const pause = createPause();
    let folders = 0;
    for (const folder of walkFolders(reader.root)) {
      if (isStopped) break;
      folders++;
      if (folder.isWatched && !isAll) continue;
      // Watched first and looked at then, so that nothing falls between.
      if (!folder.isWatched) watches.add(folder, reader.pathOf(folder));
      if (reader.hasChanged(folder)) takeNewFolders(folder);
      else reader.recheckFailures(folder);
      await pause();
    }
    return folders;
  }

  async function look(): Promise<void> {
    const startedMs = clock.monotonicMs();
    const startedAtMs = clock.nowMs();
    const lost = checkRoot();
    if (lost) {
      loseRoot(lost);
      return;
    }
    let folders: number;
    if (!isComplete || startedMs - lastFullMs >= options.fullScanIntervalMs) {
      folders = await readEverything();
      lastFullMs = lastVerifyMs = clock.monotonicMs();
    } else {
      const isAll = isVerifyDue || startedMs - lastVerifyMs >= VERIFY_INTERVAL_MS;
      isVerifyDue = false;
      lastSweepMs = startedMs;
      folders = await sweep(isAll);
      if (isAll) lastVerifyMs = clock.monotonicMs();
    }
    if (isStopped) return;
    if (!isComplete) reporter.note(completeNote(folders, clock.monotonicMs() - startedMs));
    isComplete = true;
    lookedAtMs = startedAtMs;
    const durationMs = clock.monotonicMs() - startedMs;
    const { aheadMs: fileAheadMs, isCertain } = fileClock;
    reporter.look({
      startedAtMs,
      durationMs,
      folders,
      watched: watches.size,
      rootUid,
      ...readDisk(io, options.root),
      ...(isCertain && { fileAheadMs }),
    });
    flush();
  }

  function completeNote(folders: number, durationMs: number) {
    const fields = { folders, watched: watches.size, durationMs: Math.round(durationMs) };
    return { level: 'info', message: 'all sentinels were read', fields } as const;
  }

  /** The next look reads everything; what stood there at the last look is not news then. */
  function beginAnew(): void {
    if (isComplete) newSinceMs = lookedAtMs - CLOCK_SLACK_MS;
    isComplete = false;
  }

  /** What was there stays remembered: a volume that is mounted again must not bring old failures as new ones. */
  function loseRoot(problem: Problem): void {
    watches.removeAll();
    beginAnew();
    rootIdentity = '';
    reporter.lost(problem);
    reporter.flush();
  }

  async function cycle(): Promise<void> {
    const startedMs = clock.monotonicMs();
    try {
      await look();
    } catch (error) {
      loseRoot({ reason: failureReason(error), problem: `reading ${options.root}: ${describeError(error)}` });
    }
    if (isStopped) return;
    if (isComplete && lastSweepMs < lastFullMs) {
      // Watches are set up after the first reading, not during it: the picture is whole sooner.
      timer = clock.after(0, begin);
      return;
    }
    const tookMs = clock.monotonicMs() - startedMs;
    // At most half of the time is spent on looking, however many folders there are.
    timer = clock.after(Math.max(options.intervalMs - tookMs, tookMs), begin);
  }

  function begin(): void {
    void cycle();
  }

  return {
    start: begin,
    stop() {
      isStopped = true;
      timer?.cancel();
      looks.stop();
      watches.removeAll();
    },
  };
}
