/** Keeps the folder of progress files as the simulated workers and orchestrators would: renamed into place, removed at the end. */

import { mkdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { ProgressFile, World } from '../world.js';
import { replaceFile } from './replace-file.js';
import type { WallTime } from './wall-time.js';

export interface ProgressWriter {
  /** A file has been written or removed in the simulation. */
  note(name: string): void;
  /** Brings what changed onto the disk. */
  flush(): void;
  /** False: the folder is gone, as when its mount is. */
  setMounted(isMounted: boolean): void;
}

export interface ProgressWriterOptions {
  readonly directory: string;
  readonly world: Pick<World, 'files'>;
  readonly time: WallTime;
}

export function createProgressWriter({ directory, world, time }: ProgressWriterOptions): ProgressWriter {
  mkdirSync(directory, { recursive: true });
  const away = `${directory}.away`;
  const changed = new Set<string>(world.files.keys());
  let isMounted = true;

  function flush(): void {
    const place = isMounted ? directory : away;
    for (const name of changed) {
      const path = join(place, `${name}.json`);
      const file = world.files.get(name);
      if (file) replaceFile(path, renderProgress(file, time), time.toWallMs(file.mtimeMs));
      else rmSync(path, { force: true });
    }
    changed.clear();
  }

  return {
    note: (name) => changed.add(name),
    flush,
    setMounted(next) {
      if (next === isMounted) return;
      renameSync(isMounted ? directory : away, next ? directory : away);
      isMounted = next;
    },
  };
}

/** Times are Unix seconds. */
export function renderProgress({ report }: ProgressFile, time: WallTime): string {
  const { startedAtMs, updatedAtMs, ...rest } = report;
  const seconds = (virtualMs: number): number => Math.round(time.toWallMs(virtualMs)) / 1000;
  return JSON.stringify({
    schema: 1,
    ...rest,
    ...(startedAtMs !== undefined && { started_at: seconds(startedAtMs) }),
    ...(updatedAtMs !== undefined && { updated_at: seconds(updatedAtMs) }),
  });
}
