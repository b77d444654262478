/** A small disk of a test's own that can be frozen: who writes to it then waits inside the kernel, where no signal ends it. */

import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { requireProgram } from './machine.js';

export interface FrozenDisk {
  readonly folder: string;
  freeze(): Promise<void>;
  thaw(): Promise<void>;
  /** Thaws it, so that all who wait can end, and removes it. */
  dispose(): Promise<void>;
}

const BYTES = 32 * 1024 * 1024;
const run = promisify(execFile);

export async function startFrozenDisk(): Promise<FrozenDisk> {
  const root = await mkdtemp(join(tmpdir(), 'stagewatch-disk-'));
  const [image, folder] = [join(root, 'disk.img'), join(root, 'mnt')];
  let isFrozen = false;
  await writeFile(image, '');
  await truncate(image, BYTES);
  await mkdir(folder);
  await run('mkfs.ext4', ['-q', image]);
  await run('mount', ['-o', 'loop', image, folder]);

  async function thaw(): Promise<void> {
    if (!isFrozen) return;
    isFrozen = false;
    await run(requireProgram('fsfreeze'), ['--unfreeze', folder]);
  }

  return {
    folder,
    async freeze() {
      await run(requireProgram('fsfreeze'), ['--freeze', folder]);
      isFrozen = true;
    },
    thaw,
    async dispose() {
      await thaw();
      await run('umount', ['--lazy', folder]);
      await rm(root, { recursive: true, force: true });
    },
  };
}
