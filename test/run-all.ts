/**
 * The test command: installs the servers that tests need where it can, says what it cannot, and runs every test, those
 * that need a server again on each further suite's servers.
 */

import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { testPaths } from './choose-tests.js';
import { makeSuite } from './servers/make-suite.js';
import { type FinishedRun, recordRun } from './servers/run-records.js';
import { RUN_BESIDE_THE_HOST, testsOfServers } from './servers/suite-tests.js';
import { DEFAULT_SUITES, parseSuites, type Suite } from './servers/suites.js';
import { findProgram, missingParts, SERVER_PROGRAMS, whyMissing } from './support/machine.js';

/** Of a test and of a whole file: only what hangs reaches it, also on a machine that is busy with other things. */
const TEST_TIME_LIMIT_MS = 600_000;
/** One more than the cores of the smallest machine: who waits for a real server needs none. */
const FILES_AT_ONCE = 3;
/** `host,trixie`: a part of the tests again on trixie's servers; `trixie`: all that need a server, on trixie's alone. */
const NAMED_SUITES = process.env['STAGEWATCH_TEST_SUITES'];
const MUST_RUN_ALL = process.env['CI'] === 'true';

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
function reportMissing(reasons: readonly string[]): boolean {
  for (const reason of reasons) console.log(`SKIPPED: tests that need ${reason}`);
  if (reasons.length === 0 || !MUST_RUN_ALL) return true;
  console.error('CI=true: nothing may be skipped');
  return false;
}

/** Where what was run is kept for docs/compatibility.md; not in each run, which would change the repository. */
const IS_RECORDING = process.env['STAGEWATCH_RECORD_RUNS'] === '1';

function reporters(countsFile: string): readonly string[] {
  const shown = process.stdout.isTTY ? 'spec' : 'tap';
  const ours = (name: string): string => new URL(`servers/${name}.js`, import.meta.url).href;
  const all = [
    [shown, 'stdout'],
    // The runner's own last lines name no failed test where they are not for a terminal, and never what took long.
    [ours('summary-reporter'), 'stdout'],
    ...(IS_RECORDING ? [[ours('run-reporter'), countsFile]] : []),
  ];
  return all.flatMap(([reporter, destination]) => [
    `--test-reporter=${reporter}`,
    `--test-reporter-destination=${destination}`,
  ]);
}

function record(suite: Suite | 'host', countsFile: string): void {
  const counts = JSON.parse(readFileSync(countsFile, 'utf8')) as FinishedRun['counts'];
  recordRun({ suite, day: new Date().toISOString().slice(0, 10), counts });
  rmSync(countsFile);
}

/** Runs the tests on the host's servers, or on those of a suite that is made; true when all pass. */
async function runTests(paths: readonly string[], suite?: Suite): Promise<boolean> {
  const started = performance.now();
  const countsFile = join(tmpdir(), `stagewatch-counts-${process.pid}.json`);
  console.log(`\nrunning ${paths.length} files on the servers of ${suite ?? 'this machine'}`);
  const runner = spawn(
    process.execPath,
    [
      '--test',
      '--enable-source-maps',
      `--test-concurrency=${FILES_AT_ONCE}`,
      `--test-timeout=${TEST_TIME_LIMIT_MS}`,
      ...reporters(countsFile),
      ...paths.map((path) => join('build', 'test', path.replace(/\.ts$/, '.js'))),
    ],
    { stdio: 'inherit', env: { ...process.env, ...(suite && { STAGEWATCH_TEST_SUITE: suite }) } },
  );
  const [code] = (await once(runner, 'exit')) as [number | null];
  const seconds = Math.round((performance.now() - started) / 1000);
  console.log(`${suite ?? 'this machine'}: ${code === 0 ? 'passed' : 'FAILED'} in ${seconds} s`);
  if (IS_RECORDING) record(suite ?? 'host', countsFile);
  return code === 0;
}

async function runSuite(
  suite: Suite,
  made: Promise<string | undefined>,
  isBesideHost: boolean,
): Promise<boolean> {
  const reason = await made;
  if (!reportMissing(reason === undefined ? [] : [reason])) return false;
  if (reason !== undefined) return true;
  return runTests(isBesideHost ? RUN_BESIDE_THE_HOST : testsOfServers(testPaths()), suite);
}

async function runAll(): Promise<boolean> {
  const suites = parseSuites(NAMED_SUITES ?? DEFAULT_SUITES);
  installMissing();
  const reasons = Object.values(SERVER_PROGRAMS).map(whyMissing);
  if (!reportMissing(reasons.filter((reason) => reason !== undefined))) return false;
  // Beside the host's tests: what is fetched for a suite waits for the network and the disk.
  const newer = suites.filter((suite) => suite !== 'host');
  const made = newer.map((suite) => ({ suite, ready: makeSuite(suite) }));
  let isWell = !suites.includes('host') || (await runTests(testPaths()));
  for (const { suite, ready } of made)
    isWell = (await runSuite(suite, ready, suites.includes('host'))) && isWell;
  return isWell;
}

process.exitCode = (await runAll()) ? 0 : 1;
