/** A demo of a test's own, as its own process with its own folder for temporary files. */

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { waitFor } from './wait-for.js';

export const MAIN = fileURLToPath(new URL('../../src/main.js', import.meta.url));

export interface Demo {
  readonly process: ChildProcess;
  /** Where everything of it must be, and nothing after it. */
  readonly folder: string;
  readonly output: () => string;
  readonly problems: () => string;
  /** Of the daemon, once it listens. */
  url(): Promise<string>;
  /** Resolves with the exit code. */
  ended(): Promise<number | null>;
}

export async function startDemo(
  test: Pick<TestContext, 'after'>,
  args: readonly string[] = ['--listen', '127.0.0.1:0'],
  env: Readonly<Record<string, string>> = { PATH: '/nonexistent' },
): Promise<Demo> {
  const folder = await mkdtemp(join(tmpdir(), 'stagewatch-test-'));
  const process_ = spawn(process.execPath, [MAIN, 'demo', ...args], {
    env: { ...env, TMPDIR: folder },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  let problems = '';
  process_.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    output += chunk;
  });
  process_.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    problems += chunk;
  });
  const exit = once(process_, 'close').then(([code]) => code as number | null);
  test.after(async () => {
    process_.kill('SIGTERM');
    await exit;
    await rm(folder, { recursive: true, force: true });
  });
  return {
    process: process_,
    folder,
    output: () => output,
    problems: () => problems,
    url: () =>
      waitFor('the demo to say where it listens', () => /page +(http:\S+)\//.exec(output)?.[1], 30_000),
    ended: () => exit,
  };
}
