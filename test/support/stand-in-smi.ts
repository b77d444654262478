/** A program in the place of `nvidia-smi`, which prints, fails or hangs as a test wants it, and writes down who it was. */

import { chmod, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { tempDir } from './temp-dir.js';

export interface StandInSmi {
  /** The path of the program. */
  readonly path: string;
  /** What each query prints from now on. */
  print(answers: SmiAnswers): Promise<void>;
  /** It prints the text and ends with the code. */
  fail(text: string, exitCode: number): Promise<void>;
  /** It never ends by itself. */
  hang(): Promise<void>;
  /** Process id and arguments of each run so far. */
  runs(): Promise<readonly { readonly pid: number; readonly args: string }[]>;
}

export interface SmiAnswers {
  readonly apps: string;
  readonly gpus?: string;
  readonly list?: string;
}

export async function createStandInSmi(test: Pick<TestContext, 'after'>): Promise<StandInSmi> {
  const folder = await tempDir(test);
  const path = join(folder, 'nvidia-smi');
  const runs = join(folder, 'runs');
  await writeFile(runs, '');

  /** Replaced while it may run: the next one is the new one. */
  async function become(body: string): Promise<void> {
    await writeFile(path, `#!/bin/sh\necho "$$ $*" >> '${runs}'\n${body}\n`);
    await chmod(path, 0o755);
  }

  return {
    path,
    async print({ apps, gpus = '', list = '' }) {
      await writeFile(join(folder, 'apps'), apps);
      await writeFile(join(folder, 'gpus'), gpus);
      await writeFile(join(folder, 'list'), list);
      await become(`case "$1" in
  --query-compute-apps*) cat '${folder}/apps';;
  --query-gpu*) cat '${folder}/gpus';;
  -L) cat '${folder}/list';;
esac`);
    },
    async fail(text, exitCode) {
      await writeFile(join(folder, 'failure'), text);
      await become(`cat '${folder}/failure'; exit ${exitCode}`);
    },
    hang: () => become('while :; do sleep 1000; done'),
    async runs() {
      const lines = (await readFile(runs, 'utf8')).split('\n').filter((line) => line !== '');
      return lines.map((line) => ({ pid: Number.parseInt(line, 10), args: line.replace(/^\d+ /, '') }));
    },
  };
}
