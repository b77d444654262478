/** The test command: installs the servers that tests need where it can, says what it cannot, and runs every test. */

import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { findProgram, missingParts, SERVER_PROGRAMS, whyMissing } from './support/machine.js';

/** Of a test and of a whole file: only what hangs reaches it, also on a machine that is busy with other things. */
const TEST_TIME_LIMIT_MS = 600_000;
/** One more than the cores of the smallest machine: who waits for a real server needs none. */
const FILES_AT_ONCE = 3;

function installMissing(): void {
  const missing = Object.values(SERVER_PROGRAMS).filter((server) => missingParts(server).length > 0);
  if (missing.length === 0) return;
  const packages = missing.flatMap((server) => [...server.packages]);
  if (process.getuid?.() !== 0 || findProgram('apt-get') === undefined) return;
  console.log(`installing what the tests start: ${packages.join(' ')}`);
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const run = (...args: string[]): boolean =>
    spawnSync('apt-get', args, { env, stdio: ['ignore', 'ignore', 'inherit'] }).status === 0;
  const isInstalled =
    run('update', '-q') && run('install', '-q', '-y', '--no-install-recommends', ...packages);
  if (!isInstalled) console.error('apt-get failed; tests of what is missing are skipped');
}

/** False when something is missing that must not be. */
function reportMissing(): boolean {
  const reasons = Object.values(SERVER_PROGRAMS)
    .map(whyMissing)
    .filter((reason) => reason !== undefined);
  for (const reason of reasons) console.log(`SKIPPED: tests that need ${reason}`);
  if (reasons.length === 0 || process.env['CI'] !== 'true') return true;
  console.error('CI=true: nothing may be skipped');
  return false;
}

/**
 * Compiled files of the tests that there are now; the build folder may hold older ones. Those with real servers wait more
 * than they work and take longest: they begin first.
 */
function testFiles(): string[] {
  const paths = readdirSync('test', { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.test.ts'))
    .toSorted();
  const isLong = (path: string): boolean => path.startsWith('integration/');
  return [...paths.filter(isLong), ...paths.filter((path) => !isLong(path))].map((path) =>
    join('build', 'test', path.replace(/\.ts$/, '.js')),
  );
}

installMissing();
const isComplete = reportMissing();
const files = testFiles();
const result = isComplete
  ? spawnSync(
      process.execPath,
      [
        '--test',
        '--enable-source-maps',
        `--test-concurrency=${FILES_AT_ONCE}`,
        `--test-timeout=${TEST_TIME_LIMIT_MS}`,
        ...files,
      ],
      { stdio: 'inherit' },
    )
  : { status: 1 };
process.exitCode = result.status ?? 1;
