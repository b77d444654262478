/** Brings what is remembered of a folder up to date with what is in it, and tells what came and went. */

import type { Stats } from 'node:fs';
import type { SentinelPattern } from '../../config/sentinel-pattern.js';
import { errorCode } from '../../lib/describe-error.js';
import { visibleName } from '../../lib/file-names.js';
import { SourceError } from '../source-error.js';
import type { FileClock } from './file-clock.js';
import { createFolder, type Folder, relativePath, walkFolders } from './folder-tree.js';
import type { Entry } from './observer-io.js';
import { changeTimeOf, createSentinelFiles, type SentinelFilesOptions } from './sentinel-files.js';
import { statEntry } from './stat-entry.js';

export interface TreeReader {
  readonly root: Folder;
  /** Reads a folder whole; the folders in it that have never been read come back. Throws only for the root. */
  read(folder: Folder): readonly Folder[];
  /** The name can be a sentinel or a folder on the way to one; asks no file system. */
  isOfInterest(folder: Folder, name: string): boolean;
  /** Looks at one entry; a folder that is to be read comes back. */
  lookAt(folder: Folder, name: string): Folder | undefined;
  /** Looks again at the failures that are present: one rewritten in place changes nothing in its folder. */
  recheckFailures(folder: Folder): void;
  /** Whether the folder has changed since it was read; one that is gone is dropped. */
  hasChanged(folder: Folder): boolean;
  /** Everything at and below the folder is gone. */
  drop(folder: Folder): void;
  pathOf(folder: Folder, name?: string): string;
}

export interface TreeReaderOptions extends Omit<SentinelFilesOptions, 'paths'> {
  readonly rootPath: string;
  readonly fileClock: FileClock;
  /** Before a folder is read for the first time, or as another one than before: watch it, so that nothing falls between. */
  readonly onEnter: (folder: Folder, path: string, stats: Stats) => void;
  readonly onLeave: (folder: Folder) => void;
}

const MAX_DEPTH = 100;
/** A change this close to the reading may share the folder's time stamp with one just after it. */
const RACY_MS = 2000;

export function createTreeReader(options: TreeReaderOptions): TreeReader {
  const { io, rootPath, problems, nowMs, fileClock } = options;
  const pattern = withVisibleNames(options.pattern);
  const root = createFolder('', undefined, pattern.root);
  const files = createSentinelFiles({
    ...options,
    pattern,
    paths: { absolute: pathOf, relative: pathBelowRoot },
  });

  function pathOf(folder: Folder, name?: string): string {
    const path = folder.parent ? `${rootPath}/${relativePath(folder)}` : rootPath;
    return name === undefined ? path : `${path}/${name}`;
  }

  function pathBelowRoot(folder: Folder, name: string): string {
    const above = relativePath(folder);
    return visibleName(above === '' ? name : `${above}/${name}`);
  }

  const statOf = (path: string) => statEntry(io, path, problems);

  function read(folder: Folder): readonly Folder[] {
    if (folder.isDropped) return [];
    const path = pathOf(folder);
    const stats = folder.parent ? statOf(path) : io.stat(path);
    if (stats === 'unreadable') return [];
    if (!stats?.isDirectory()) {
      if (folder.parent) drop(folder);
      return [];
    }
    const identity = `${stats.ino}:${stats.birthtimeMs}`;
    if (folder.identity !== identity || folder.device !== stats.dev) {
      options.onLeave(folder);
      folder.identity = identity;
    }
    options.onEnter(folder, path, stats);
    noteClock(folder, stats);
    const entries = list(folder, path);
    if (!entries) {
      // Not to be tried again until something about the folder changes.
      folder.stamp = stampOf(stats);
      return [];
    }
    return takeEntries(folder, entries, stats);
  }

  function takeEntries(folder: Folder, entries: readonly Entry[], stats: Stats): readonly Folder[] {
    const lastReadAtMs = folder.readAtMs;
    const bornAfterMs = lastReadAtMs > 0 ? folder.checkedAtMs : folder.bornAfterMs;
    folder.readAtMs = folder.checkedAtMs = nowMs();
    const changedAtMs = changeTimeOf(folder, stats, fileClock);
    const isRacy = Math.abs(folder.readAtMs - changedAtMs) < RACY_MS;
    folder.stamp = isRacy ? Number.NaN : stampOf(stats);
    if (folder.place.isLeaf) files.takeAll(folder, entries, { lastReadAtMs, changedAtMs });
    return takeFolders(folder, entries, bornAfterMs);
  }

  /** A change of a folder that another machine keeps tells of that machine's clock. */
  function noteClock(folder: Folder, stats: Stats): void {
    if (folder.isTrusted) return;
    const isChange = folder.readAtMs > 0 && !Number.isNaN(folder.stamp) && stampOf(stats) !== folder.stamp;
    const sinceMs = isChange ? folder.checkedAtMs : folder.readAtMs === 0 ? folder.bornAfterMs : 0;
    fileClock.note(stats.ctimeMs, { sinceMs: sinceMs === 0 ? undefined : sinceMs, nowMs: nowMs() });
  }

  function list(folder: Folder, path: string): readonly Entry[] | undefined {
    try {
      return io.list(path);
    } catch (error) {
      if (!folder.parent) throw error;
      if (errorCode(error) === 'ENOENT') drop(folder);
      else problems.add(path, error);
      return undefined;
    }
  }

  function takeFolders(folder: Folder, entries: readonly Entry[], bornAfterMs: number): readonly Folder[] {
    if (!folder.place.isBranch) return [];
    const names = entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
    if (folder.children) dropMissing(folder.children, new Set(names));
    return names
      .filter((name) => !folder.children?.has(name))
      .map((name) => addFolder(folder, name, bornAfterMs))
      .filter((added) => added !== undefined);
  }

  function dropMissing(children: ReadonlyMap<string, Folder>, present: ReadonlySet<string>): void {
    for (const [name, child] of children) if (!present.has(name)) drop(child);
  }

  function addFolder(parent: Folder, name: string, bornAfterMs: number): Folder | undefined {
    const place = pattern.enter(parent.place, name);
    if (!place) return undefined;
    if (parent.depth >= MAX_DEPTH) {
      const problem = `folders deeper than ${MAX_DEPTH} levels are not looked into: ${visibleName(pathOf(parent, name))}`;
      problems.add(pathOf(parent, name), new SourceError('rejected', problem));
      return undefined;
    }
    const child = createFolder(name, parent, place, bornAfterMs);
    parent.children ??= new Map();
    parent.children.set(name, child);
    return child;
  }

  function drop(top: Folder): void {
    for (const folder of [...walkFolders(top)]) {
      options.onLeave(folder);
      folder.isDropped = true;
      files.dropAll(folder);
    }
    top.parent?.children?.delete(top.name);
  }

  /** A name that has changed and can only be a folder on the way to sentinels. */
  function lookAtFolder(folder: Folder, name: string): Folder | undefined {
    const known = folder.children?.get(name);
    const stats = statOf(pathOf(folder, name));
    if (stats === 'unreadable') return undefined;
    if (!stats?.isDirectory()) {
      if (known) drop(known);
      return undefined;
    }
    if (known?.identity !== '' && known !== undefined) {
      if (known.identity === `${stats.ino}:${stats.birthtimeMs}`) {
        // It may have been away and back, or be another one with the same number: only a new watch is sure to work.
        options.onLeave(known);
        return known;
      }
      drop(known);
    }
    return known?.isDropped === false ? known : addFolder(folder, name, folder.checkedAtMs);
  }

  return {
    root,
    read,
    isOfInterest(folder, name) {
      if (pattern.match(folder.place, name)) return true;
      return folder.place.isBranch && pattern.enter(folder.place, name) !== undefined;
    },
    lookAt(folder, name) {
      if (folder.isDropped) return undefined;
      if (folder.place.isLeaf) files.lookAt(folder, name);
      if (!folder.place.isBranch) return undefined;
      return folder.children?.has(name) || pattern.enter(folder.place, name)
        ? lookAtFolder(folder, name)
        : undefined;
    },
    recheckFailures: files.recheckFailures,
    hasChanged(folder) {
      const stats = folder.parent ? statOf(pathOf(folder)) : io.stat(pathOf(folder));
      if (stats === 'unreadable') return false;
      if (!stats || stampOf(stats) !== folder.stamp) return true;
      folder.checkedAtMs = nowMs();
      return false;
    },
    drop,
    pathOf,
  };
}

/** The change time alone would do, but network file systems differ in which of the two they keep. */
function stampOf({ mtimeMs, ctimeMs }: Stats): number {
  return mtimeMs + ctimeMs;
}

/** What the pattern takes from names becomes labels and words. */
function withVisibleNames({ enter, match, ...rest }: SentinelPattern): SentinelPattern {
  return {
    ...rest,
    enter: (place, name) => enter(place, visibleName(name)),
    match: (place, name) => match(place, visibleName(name)),
  };
}
