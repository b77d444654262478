/** Keeps the sentinels of a folder: which are present, which are new, which are gone. */

import type { Stats } from 'node:fs';
import type { SentinelMatch, SentinelPattern } from '../../config/sentinel-pattern.js';
import { errorCode } from '../../lib/describe-error.js';
import { createFailureReader } from './failure-reader.js';
import type { FileClock } from './file-clock.js';
import { type Folder, hashOfCode, NO_SUCCESSES, stageOfCode, successCode, textHash } from './folder-tree.js';
import type { Entry, ObserverIo } from './observer-io.js';
import type { FoundFailure, KnownSuccess, ObserverEvent } from './observer-messages.js';
import { parseSentinelContent, type SentinelContent } from './parse-failure.js';
import type { ProblemBook } from './problem-book.js';
import type { StageCounts } from './stage-counts.js';
import { statEntry } from './stat-entry.js';
import { createUnfinishedFiles } from './unfinished-files.js';

export interface SentinelFiles {
  /** All entries of a folder; what is not among them is gone. */
  takeAll(folder: Folder, entries: readonly Entry[], times: ReadTimes): void;
  lookAt(folder: Folder, name: string): void;
  /** Looks again at the failures that are present: one rewritten in place changes nothing in its folder. */
  recheckFailures(folder: Folder): void;
  /** The folder is gone with all that was in it. */
  dropAll(folder: Folder): void;
}

export interface ReadTimes {
  /** 0: the folder is read for the first time. */
  readonly lastReadAtMs: number;
  readonly changedAtMs: number;
}

export interface SentinelFilesOptions {
  readonly io: ObserverIo;
  readonly pattern: SentinelPattern;
  readonly counts: StageCounts;
  readonly problems: ProblemBook;
  readonly nowMs: () => number;
  readonly fileClock: FileClock;
  /** Successes that changed before this are old. */
  readonly newSinceMs: () => number;
  readonly knownSuccesses?: readonly KnownSuccess[];
  /** True once everything is being watched: what comes from then on has a delay. */
  readonly isWatching: () => boolean;
  readonly emit: (event: ObserverEvent) => void;
  /** Half written: look again soon. */
  readonly onUnfinished: (folder: Folder, name: string) => void;
  readonly paths: FolderPaths;
}

export interface FolderPaths {
  /** For the system. */
  absolute(folder: Folder, name: string): string;
  /** For people, below the root. */
  relative(folder: Folder, name: string): string;
}

export const UNKNOWN_STAGE = 'unknown';
/** A success written again within this time is the same one still being written. */
const SAME_SUCCESS_MS = 2000;
const MAX_RECENT_SUCCESSES = 1000;
/** Folders with more successes are not checked for successes that were replaced under the same name. */
const MAX_CHECKED_SUCCESSES = 256;

interface SuccessInQuestion {
  readonly match: SentinelMatch;
  readonly code: number;
  /** Only a change after this is news; undefined: it is news in any case. */
  readonly sinceMs: number | undefined;
}

export function createSentinelFiles(options: SentinelFilesOptions): SentinelFiles {
  const { io, pattern, counts, problems, nowMs, fileClock, newSinceMs, isWatching, emit, paths } = options;
  const failureReader = createFailureReader(io, nowMs);
  const recentSuccesses = new Map<string, number>();
  const counted = new Map(options.knownSuccesses);
  const unfinished = createUnfinishedFiles(nowMs);

  const statOf = (path: string) => statEntry(io, path, problems);

  /** By our clock, as far as it can be known. */
  function dateOf(folder: Folder, stats: Stats): number {
    if (!folder.isTrusted) fileClock.note(stats.ctimeMs, { sinceMs: undefined, nowMs: nowMs() });
    const atMs = changeTimeOf(folder, stats, fileClock);
    // At the first reading of a server whose clock is ahead by an unknown time, nothing is news.
    return !folder.isTrusted && fileClock.isGuess && !isWatching() ? Math.min(atMs, newSinceMs() - 1) : atMs;
  }

  function takeAll(folder: Folder, entries: readonly Entry[], times: ReadTimes): void {
    const takeSuccess = successTaker(folder, times);
    const successes: number[] = [];
    const failed = new Set<string>();
    for (const entry of entries) {
      const match = entry.isFile() ? pattern.match(folder.place, entry.name) : undefined;
      if (match?.outcome === 'success') successes.push(...takeSuccess.take(entry.name, match));
      if (match?.outcome !== 'failure') continue;
      failed.add(entry.name);
      lookAtFailure(folder, entry.name, match);
    }
    takeSuccess.dropRest();
    // Copied, because an array that was pushed to has room to spare.
    folder.successes = successes.length === 0 ? NO_SUCCESSES : successes.slice();
    if (!folder.failures) return;
    for (const name of [...folder.failures.keys()]) if (!failed.has(name)) dropFailure(folder, name);
  }

  /** Tells the successes of a folder that were known from those that are not; what is not taken is gone. */
  function successTaker(folder: Folder, { lastReadAtMs, changedAtMs }: ReadTimes) {
    const before = new Map<number, number>();
    for (const code of folder.successes) before.set(hashOfCode(code), code);
    const isReplacedChecked = before.size <= MAX_CHECKED_SUCCESSES && changedAtMs > lastReadAtMs;
    // That a name is new in a folder that was read before is a fact, whatever the file says of its time.
    const addedSinceMs = lastReadAtMs > 0 ? undefined : newSinceMs();
    // In a folder that has not changed since the last life there is nothing new to date.
    const isAddedChecked = lastReadAtMs > 0 || changedAtMs > newSinceMs();
    return {
      /** None while its stage cannot be read yet. */
      take(name: string, match: SentinelMatch): readonly number[] {
        const known = before.size === 0 ? undefined : takeFrom(before, textHash(name));
        const code = known ?? admitSuccess(folder, name, match);
        if (code === undefined) return [];
        const isChecked = known === undefined ? isAddedChecked : isReplacedChecked;
        const sinceMs = known === undefined ? addedSinceMs : Math.max(lastReadAtMs, newSinceMs());
        if (isChecked) reportSuccess(folder, name, { match, code, sinceMs });
        return [code];
      },
      dropRest() {
        for (const code of before.values()) counts.addSuccesses(stageOfCode(code), -1);
      },
    };
  }

  /** Undefined: its stage stands in the file, which is still being written. */
  function admitSuccess(folder: Folder, name: string, match: SentinelMatch): number | undefined {
    const stage = match.stage ?? stageInFile(paths.absolute(folder, name));
    if (stage === undefined) {
      options.onUnfinished(folder, name);
      return undefined;
    }
    const stageIndex = counts.indexOf(stage);
    counts.addSuccesses(stageIndex, 1);
    return successCode(name, stageIndex);
  }

  function stageInFile(path: string): string | undefined {
    try {
      const { stage = UNKNOWN_STAGE, isUnfinished } = parseSentinelContent(io.readStart(path).text);
      if (isUnfinished && isWatching() && unfinished.isEarly(path)) return undefined;
      unfinished.forget(path);
      return stage;
    } catch (error) {
      if (errorCode(error) !== 'ENOENT') problems.add(path, error);
      return UNKNOWN_STAGE;
    }
  }

  function reportSuccess(folder: Folder, name: string, { match, code, sinceMs }: SuccessInQuestion): void {
    const path = paths.absolute(folder, name);
    const stats = statOf(path);
    if (!stats || stats === 'unreadable') return;
    const atMs = dateOf(folder, stats);
    if (sinceMs !== undefined && atMs <= sinceMs) return;
    const place = paths.relative(folder, name);
    const fileMs = Math.max(stats.mtimeMs, stats.ctimeMs);
    const last = recentSuccesses.get(place) ?? counted.get(place);
    if (last !== undefined && fileMs - last < SAME_SUCCESS_MS) return;
    recentSuccesses.delete(place);
    recentSuccesses.set(place, fileMs);
    const oldest = recentSuccesses.keys().next();
    if (recentSuccesses.size > MAX_RECENT_SUCCESSES && !oldest.done) recentSuccesses.delete(oldest.value);
    emit({
      kind: 'success',
      path: place,
      fileMs,
      stage: counts.nameOf(stageOfCode(code)),
      ...(match.document !== undefined && { document: match.document }),
      atMs,
      isWatched: isWatching(),
      uid: stats.uid,
    });
  }

  function lookAtFailure(folder: Folder, name: string, match: SentinelMatch): void {
    const path = paths.absolute(folder, name);
    const stats = statOf(path);
    if (stats === 'unreadable') return;
    const known = folder.failures?.get(name);
    if (!stats?.isFile()) {
      if (known) dropFailure(folder, name);
      return;
    }
    const look = failureReader.look(path, { seen: stats, known, isNewcomer: isWatching() });
    if (look.kind === 'unfinished') options.onUnfinished(folder, name);
    if (look.kind !== 'found') return;
    const { content, identity, isContinued } = look;
    if (look.error !== undefined) problems.add(path, look.error);
    const stageIndex = counts.indexOf(match.stage ?? content.stage ?? UNKNOWN_STAGE);
    if (known) counts.addFailures(known.stageIndex, -1);
    counts.addFailures(stageIndex, 1);
    folder.failures ??= new Map();
    folder.failures.set(name, { stageIndex, identity });
    const document = match.document ?? content.document;
    emit({
      kind: 'failure',
      path: paths.relative(folder, name),
      stage: counts.nameOf(stageIndex),
      ...(document !== undefined && { document }),
      ...saidBy(content),
      error: content.error,
      identity,
      isContinued,
      atMs: dateOf(folder, look.stats),
      isWatched: isWatching(),
      uid: look.stats.uid,
    });
  }

  function dropFailure(folder: Folder, name: string): void {
    const known = folder.failures?.get(name);
    if (!known) return;
    folder.failures?.delete(name);
    counts.addFailures(known.stageIndex, -1);
    emit({ kind: 'failure-gone', path: paths.relative(folder, name) });
  }

  function lookAtSuccess(folder: Folder, name: string, match: SentinelMatch): void {
    const hash = textHash(name);
    const known = folder.successes.find((code) => hashOfCode(code) === hash);
    const stats = statOf(paths.absolute(folder, name));
    if (stats === 'unreadable') return;
    if (!stats?.isFile()) {
      if (known === undefined) return;
      counts.addSuccesses(stageOfCode(known), -1);
      folder.successes = folder.successes.filter((code) => code !== known);
      return;
    }
    const code = known ?? admitSuccess(folder, name, match);
    if (code === undefined) return;
    if (known === undefined) folder.successes = [...folder.successes, code];
    const sinceMs = known === undefined ? undefined : Math.max(folder.readAtMs, newSinceMs());
    reportSuccess(folder, name, { match, code, sinceMs });
  }

  return {
    takeAll,
    lookAt(folder, name) {
      const match = pattern.match(folder.place, name);
      if (match?.outcome === 'failure') lookAtFailure(folder, name, match);
      else if (match) lookAtSuccess(folder, name, match);
    },
    recheckFailures(folder) {
      if (!folder.failures) return;
      for (const name of [...folder.failures.keys()]) {
        const match = pattern.match(folder.place, name);
        if (match) lookAtFailure(folder, name, match);
      }
    },
    dropAll(folder) {
      for (const code of folder.successes) counts.addSuccesses(stageOfCode(code), -1);
      folder.successes = NO_SUCCESSES;
      if (folder.failures) for (const name of [...folder.failures.keys()]) dropFailure(folder, name);
    },
  };
}

/**
 * By our clock. A local disk keeps it, and its change time cannot be set by a program; other file systems differ in which
 * of the two times they keep.
 */
export function changeTimeOf(
  { isTrusted }: Pick<Folder, 'isTrusted'>,
  { mtimeMs, ctimeMs }: Stats,
  fileClock: Pick<FileClock, 'toOurs'>,
): number {
  return isTrusted ? ctimeMs : fileClock.toOurs(Math.max(mtimeMs, ctimeMs));
}

function takeFrom(codes: Map<number, number>, hash: number): number | undefined {
  const code = codes.get(hash);
  codes.delete(hash);
  return code;
}

function saidBy({ worker, reason, failedAtMs }: SentinelContent): Partial<FoundFailure> {
  return {
    ...(worker !== undefined && { worker }),
    ...(reason !== undefined && { reason }),
    ...(failedAtMs !== undefined && { failedAtMs }),
  };
}
