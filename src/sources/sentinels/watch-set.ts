/** One kernel watch a folder, within a budget; says when the kernel has no more, and when it may have lost events. */

import type { FSWatcher } from 'node:fs';
import { describeError, errorCode } from '../../lib/describe-error.js';
import type { Folder } from './folder-tree.js';
import type { ObserverIo } from './observer-io.js';
import type { Note } from './observer-messages.js';

export interface WatchSet {
  readonly size: number;
  /** Does nothing for a folder that is watched, not trusted, or over the budget. */
  add(folder: Folder, path: string): void;
  remove(folder: Folder): void;
  removeAll(): void;
  /** The kernel may have watches again. */
  retry(): void;
}

export interface WatchSetOptions {
  readonly io: ObserverIo;
  /** Part of the user's watches. */
  readonly budget: number;
  /** `name` null: the kernel did not say which entry. */
  readonly onEvent: (folder: Folder, name: string | null) => void;
  /** So many events came at once that the kernel's queue may have overflown. */
  readonly onBurst: () => void;
  readonly onNote: (note: Note) => void;
}

const MAX_WATCHES_PATH = '/proc/sys/fs/inotify/max_user_watches';
const MAX_QUEUED_PATH = '/proc/sys/fs/inotify/max_queued_events';
/** Where /proc does not say: the kernel's own lowest defaults. */
const DEFAULT_MAX_WATCHES = 8192;
const DEFAULT_MAX_QUEUED = 16_384;

export function createWatchSet({ io, budget, onEvent, onBurst, onNote }: WatchSetOptions): WatchSet {
  const limit = Math.floor(budget * readLimit(io, MAX_WATCHES_PATH, DEFAULT_MAX_WATCHES));
  // Node.js does not pass on the kernel's overflow event. It reads all that is queued in one turn of the loop, and a
  // queue that overflowed was full: half of a full queue in one turn is taken as an overflow.
  const burstSize = Math.floor(readLimit(io, MAX_QUEUED_PATH, DEFAULT_MAX_QUEUED) / 2);
  const watchers = new Map<Folder, FSWatcher>();
  let isRefused = false;
  let isLimitSaid = false;
  let inThisTurn = 0;

  function countEvent(): void {
    if (inThisTurn++ === 0) {
      setImmediate(() => {
        if (inThisTurn >= burstSize) onBurst();
        inThisTurn = 0;
      });
    }
  }

  function refuse(error: unknown): void {
    const code = errorCode(error);
    // The folder went away or may not be read: that says nothing about the others.
    if (code !== 'ENOSPC' && code !== 'EMFILE' && code !== 'ENFILE') return;
    isRefused = true;
    onNote({
      level: 'warn',
      message: 'no more kernel watches, the other folders are looked at each interval',
      fields: {
        watched: watchers.size,
        problem: describeError(error),
        remedy: 'raise fs.inotify.max_user_watches and max_user_instances, or lower sentinels.watch_budget',
      },
    });
  }

  function remove(folder: Folder): void {
    folder.isWatched = false;
    watchers.get(folder)?.close();
    watchers.delete(folder);
  }

  function isFull(): boolean {
    if (watchers.size < limit) return false;
    if (!isLimitSaid && limit > 0) {
      isLimitSaid = true;
      onNote({
        level: 'info',
        message: 'watch budget is used up, the other folders are looked at each interval',
        fields: { watched: watchers.size },
      });
    }
    return true;
  }

  return {
    get size() {
      return watchers.size;
    },
    add(folder, path) {
      if (folder.isWatched || !folder.isTrusted || isRefused || isFull()) return;
      try {
        const watcher = io.watch(path, (name) => {
          countEvent();
          onEvent(folder, name);
        });
        watcher.on('error', () => remove(folder));
        watchers.set(folder, watcher);
        folder.isWatched = true;
      } catch (error) {
        refuse(error);
      }
    },
    remove,
    removeAll() {
      for (const folder of [...watchers.keys()]) remove(folder);
    },
    retry() {
      isRefused = false;
    },
  };
}

function readLimit(io: ObserverIo, path: string, fallback: number): number {
  try {
    const value = Number.parseInt(io.readProc(path), 10);
    return value > 0 ? value : fallback;
  } catch {
    // No /proc, or another system: the lowest default is safe.
    return fallback;
  }
}
