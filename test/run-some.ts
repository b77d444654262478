/**
 * Runs a part of the tests: `unit`, those without servers; `changed`, those that the changes may break, with lint of what was
 * changed; or test files by path. Compile first (`npm run test:unit` and the like do).
 */

import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { affectedTests, unitTests } from './choose-tests.js';

/** More names than a command line takes are the whole. */
const MAX_NAMED = 500;

async function runProgram(program: string, args: readonly string[]): Promise<boolean> {
  const child = spawn(program, args, { stdio: 'inherit' });
  const [code] = (await once(child, 'exit')) as [number | null];
  return code === 0;
}

/** `paths` are below `test/`. A process for each core takes its share of them. */
async function runTests(paths: readonly string[]): Promise<boolean> {
  console.log(`${paths.length} test ${paths.length === 1 ? 'file' : 'files'}`);
  const shards = Math.min(availableParallelism(), paths.length);
  const shares = Array.from({ length: shards }, (_, shard) =>
    paths.filter((_path, index) => index % shards === shard),
  );
  const reporters = ['dot', here('servers/summary-reporter.js').href].flatMap((name) => [
    `--test-reporter=${name}`,
    '--test-reporter-destination=stdout',
  ]);
  const isWell = await Promise.all(
    shares.map((share) =>
      runProgram(process.execPath, [
        '--enable-source-maps',
        ...reporters,
        fileURLToPath(here('run-shard.js')),
        ...share,
      ]),
    ),
  );
  return isWell.every(Boolean);
}

const here = (path: string): URL => new URL(path, import.meta.url);

/** From the root: what is not committed yet, else what the last commit changed. */
function changedFiles(): readonly string[] {
  const ask = (...args: string[]): readonly string[] => {
    const { status, stdout, stderr } = spawnSync('git', args, { encoding: 'utf8' });
    if (status !== 0) throw new Error(`git ${args.join(' ')}: ${stderr.trim()}`);
    return stdout.split('\n').filter((path) => path !== '');
  };
  const uncommitted = [
    ...ask('diff', '--name-only', 'HEAD'),
    ...ask('ls-files', '--others', '--exclude-standard'),
  ];
  const changed = uncommitted.length > 0 ? uncommitted : ask('diff', '--name-only', 'HEAD~1', 'HEAD');
  return changed.filter((path) => existsSync(path));
}

async function lint(files: readonly string[]): Promise<boolean> {
  const named = files.length <= MAX_NAMED ? files : ['.'];
  const scripts = named.filter((path) => /\.(ts|mjs)$/.test(path) || path === '.');
  const isWell = await Promise.all([
    named.length === 0 ||
      runProgram('npx', ['biome', 'ci', '--colors=off', '--no-errors-on-unmatched', ...named]),
    scripts.length === 0 || runProgram('npx', ['oxlint', '--type-aware', '--deny-warnings', ...scripts]),
  ]);
  return isWell.every(Boolean);
}

async function checkChanged(): Promise<boolean> {
  const changed = changedFiles();
  const [isLinted, isPassed] = await Promise.all([
    lint(changed),
    runTests(affectedTests(unitTests(), changed)),
  ]);
  return isLinted && isPassed;
}

const args = process.argv.slice(2);
if (args[0] === 'unit') process.exitCode = (await runTests(unitTests())) ? 0 : 1;
else if (args[0] === 'changed') process.exitCode = (await checkChanged()) ? 0 : 1;
else if (args.length === 0) {
  console.error('name what to run: unit, changed, or test files (test/recovery/plan.test.ts)');
  process.exitCode = 2;
} else {
  const missing = args.filter((path) => !existsSync(path));
  for (const path of missing) console.error(`there is no ${path}`);
  process.exitCode =
    missing.length === 0 && (await runTests(args.map((path) => relative('test', path)))) ? 0 : 1;
}
