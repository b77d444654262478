/** Keeps a tree of control group files, as version 2 of the kernel's, with the CPU time of the simulated containers. */

import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { cpuSecondsAt, type World } from '../world.js';
import { replaceFile } from './replace-file.js';
import type { WallTime } from './wall-time.js';

export interface CgroupWriter {
  /** Writes the CPU time that each running container has used by now; those of ended ones go. */
  write(virtualMs: number): void;
}

export interface CgroupWriterOptions {
  readonly root: string;
  readonly world: Pick<World, 'containers'>;
  readonly time: WallTime;
}

export function createCgroupWriter({ root, world, time }: CgroupWriterOptions): CgroupWriter {
  const groups = new Set<string>();

  function follow(running: ReadonlySet<string>): void {
    for (const id of running) {
      if (groups.has(id)) continue;
      mkdirSync(join(root, 'docker', id), { recursive: true });
      groups.add(id);
    }
    for (const id of groups) {
      if (running.has(id)) continue;
      rmSync(join(root, 'docker', id), { recursive: true, force: true });
      groups.delete(id);
    }
  }

  return {
    write(virtualMs) {
      const running = [...world.containers.values()].filter(({ state }) => state === 'running');
      follow(new Set(running.map(({ id }) => id)));
      for (const container of running) {
        // What a core does in a second takes it less of the wall's time, too.
        const microseconds = Math.round(time.lasts(cpuSecondsAt(container, virtualMs) * 1e6));
        const file = join(root, 'docker', container.id, 'cpu.stat');
        replaceFile(file, `usage_usec ${microseconds}\nuser_usec ${microseconds}\nsystem_usec 0\n`);
      }
    },
  };
}
