/** Waiting for sentinels: resolves when they are there, and rejects at once when one says that its job failed. */

import { type FSWatcher, watch } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { JobFailed, UsageError, WaitTimeout } from './errors.js';
import { removeFile } from './files.js';
import { exists, FAILED_SUFFIX, readFailure } from './sentinel.js';

export interface WaitOptions {
  /** Milliseconds; without it for ever. */
  readonly timeoutMs?: number | undefined;
  /** One of the paths is enough. */
  readonly any?: boolean;
}

/** Network mounts tell this kernel nothing of what other hosts write; everything is looked at again this often. */
const POLL_MS = 1000;

/**
 * Resolves with the paths that are there, in the order asked for. Rejects with JobFailed as soon as one has a failure
 * sentinel (`any`: as soon as all have), with WaitTimeout when the time is over. A success stands even if the failure of
 * an earlier attempt lies beside it.
 */
export async function waitForSentinels(
  paths: string | readonly string[],
  { timeoutMs, any = false }: WaitOptions = {},
): Promise<readonly string[]> {
  const wanted = [...new Set(typeof paths === 'string' ? [paths] : paths)];
  if (wanted.length === 0) throw new UsageError('wait: no path to wait for');
  const endMs = timeoutMs === undefined ? Number.POSITIVE_INFINITY : performance.now() + timeoutMs;
  const folders = createFolderWatch();
  try {
    for (;;) {
      // Watched first: a file that comes between the look and the watch must wake us.
      for (const path of wanted) folders.watchNearest(dirname(resolve(path)));
      const there = await evaluate(wanted, any);
      if (there) return there;
      const leftMs = Math.min(POLL_MS, endMs - performance.now());
      if (leftMs <= 0) throw await timeoutError(wanted, timeoutMs ?? 0);
      await folders.changed(leftMs);
    }
  } finally {
    folders.close();
  }
}

/** Removes the sentinels of a job before it is dispatched again, so that no old one is taken for the new. */
export async function forgetSentinels(paths: string | readonly string[]): Promise<void> {
  for (const path of typeof paths === 'string' ? [paths] : paths) {
    await removeFile(path);
    await removeFile(path + FAILED_SUFFIX);
  }
}

async function evaluate(wanted: readonly string[], any: boolean): Promise<readonly string[] | undefined> {
  const there: string[] = [];
  const failures: JobFailed[] = [];
  for (const path of wanted) {
    if (await exists(path)) {
      there.push(path);
      if (any) return there;
      continue;
    }
    const said = await readFailure(path + FAILED_SUFFIX);
    if (said) failures.push(new JobFailed(said.error, path, said.worker));
    if (said && !any) break;
  }
  const [failure] = failures;
  if (failure && (!any || failures.length === wanted.length)) {
    // A worker that retried may have succeeded between the two looks.
    if (!(await exists(failure.path))) throw failure;
    return undefined;
  }
  return there.length === wanted.length ? there : undefined;
}

async function timeoutError(wanted: readonly string[], timeoutMs: number): Promise<WaitTimeout> {
  const isThere = await Promise.all(wanted.map(exists));
  const missing = wanted.filter((_, index) => !isThere[index]);
  return new WaitTimeout(
    `no sentinel within ${timeoutMs / 1000} s: ${missing.slice(0, 5).join(', ')}`,
    missing,
  );
}

interface FolderWatch {
  watchNearest(folder: string): void;
  /** Resolves at the next change of a watched folder, at the latest after `limitMs`. */
  changed(limitMs: number): Promise<void>;
  close(): void;
}

/** A folder that is not there yet is watched for by the nearest one above it; where no watch can be had, the clock does. */
function createFolderWatch(): FolderWatch {
  const watchers = new Map<string, FSWatcher>();
  let hasChanged = false;
  let wake: (() => void) | undefined;

  function note(): void {
    hasChanged = true;
    wake?.();
  }

  function tryWatch(folder: string): boolean {
    if (watchers.has(folder)) return true;
    try {
      const watcher = watch(folder, note);
      watcher.on('error', () => watchers.delete(folder));
      watchers.set(folder, watcher);
      return true;
    } catch {
      // Not there, or no room for one more watch.
      return false;
    }
  }

  /** The folder that is watched now, undefined when none can be, and its child on the way to `folder`. */
  function watchUpwards(folder: string): { readonly found: string | undefined; readonly below: string } {
    let [at, below] = [folder, folder];
    while (!tryWatch(at)) {
      const parent = dirname(at);
      if (parent === at) return { found: undefined, below };
      [at, below] = [parent, at];
    }
    return { found: at, below };
  }

  return {
    watchNearest(folder) {
      let { found, below } = watchUpwards(folder);
      // Made between the two calls: the nearer folder is the one to watch.
      while (found !== undefined && found !== folder && tryWatch(below))
        ({ found, below } = watchUpwards(folder));
    },
    async changed(limitMs) {
      if (!hasChanged) {
        await new Promise<void>((done) => {
          const timer = setTimeout(done, limitMs);
          wake = () => {
            clearTimeout(timer);
            done();
          };
        });
        wake = undefined;
      }
      // The poll also finds folders that were replaced: their watches are made again.
      if (!hasChanged) closeAll();
      hasChanged = false;
    },
    close: closeAll,
  };

  function closeAll(): void {
    for (const watcher of watchers.values()) watcher.close();
    watchers.clear();
  }
}
