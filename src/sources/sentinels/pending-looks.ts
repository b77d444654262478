/** Gathers what the kernel says has changed and looks at each name once, in slices. */

import type { Clock, Timer } from '../../lib/clock.js';
import type { Folder } from './folder-tree.js';

export interface PendingLooks {
  /** `name` null: anything in the folder. */
  add(folder: Folder, name: string | null): void;
  /** A file that is still being written. */
  addLater(folder: Folder, name: string): void;
  stop(): void;
}

export interface PendingLooksOptions {
  readonly clock: Clock;
  /** Looks at one entry; a folder that is to be read comes back. */
  readonly lookAt: (folder: Folder, name: string) => Folder | undefined;
  /** Reads a folder; the folders in it that are to be read come back. */
  readonly read: (folder: Folder) => readonly Folder[];
  /** A slice has ended: what was found can go out. */
  readonly onSlice: () => void;
  readonly onProblem: (error: unknown) => void;
}

const SLICE_MS = 5;
const LATER_MS = 25;
/** With more names than this the folder is read whole, which costs less. */
const MAX_NAMES = 64;

export function createPendingLooks(options: PendingLooksOptions): PendingLooks {
  const { clock, lookAt, read, onSlice, onProblem } = options;
  const names = new Map<Folder, Set<string> | 'all'>();
  let unread: Folder[] = [];
  let later = new Map<Folder, Set<string>>();
  let timer: Timer | undefined;
  let isScheduled = false;
  let isStopped = false;

  function schedule(): void {
    if (isScheduled || isStopped) return;
    isScheduled = true;
    setImmediate(runSlice);
  }

  function add(folder: Folder, name: string | null): void {
    const known = names.get(folder);
    if (known === 'all') return;
    if (name === null || (known && known.size >= MAX_NAMES)) names.set(folder, 'all');
    else if (known) known.add(name);
    else names.set(folder, new Set([name]));
    schedule();
  }

  function takeNext(): boolean {
    const folder = unread.pop();
    if (folder) {
      unread.push(...read(folder));
      return true;
    }
    const next = names.entries().next();
    if (next.done) return false;
    const [changed, which] = next.value;
    names.delete(changed);
    if (which === 'all') unread.push(changed);
    else
      for (const name of which)
        unread.push(...[lookAt(changed, name)].filter((found) => found !== undefined));
    return true;
  }

  function runSlice(): void {
    isScheduled = false;
    if (isStopped) return;
    const startedMs = clock.monotonicMs();
    try {
      while (takeNext()) if (clock.monotonicMs() - startedMs >= SLICE_MS) break;
    } catch (error) {
      onProblem(error);
    }
    onSlice();
    if (unread.length > 0 || names.size > 0) schedule();
  }

  return {
    add,
    addLater(folder, name) {
      const known = later.get(folder);
      if (known) known.add(name);
      else later.set(folder, new Set([name]));
      timer ??= clock.after(LATER_MS, () => {
        timer = undefined;
        const due = later;
        later = new Map();
        for (const [waiting, dueNames] of due) for (const dueName of dueNames) add(waiting, dueName);
      });
    },
    stop() {
      isStopped = true;
      timer?.cancel();
      names.clear();
      unread = [];
    },
  };
}
