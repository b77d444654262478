/**
 * Builds dist/: the modules of the server, the page and the worker's kit side by side, then what is only copied.
 *
 * `--if-changed` is for whoever wants to run it now: nothing is done while dist/ is what this built from the very
 * sources that there are, and types, which the tests check, are left unchecked. What is written is the same.
 */

import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

const OUT = 'dist';
/** Outside of dist/, all of which is packed. */
const RECORD = 'build/dist-record.json';
const CONFIGURATION = [
  'package.json',
  'package-lock.json',
  'tsconfig.json',
  'tsconfig.build.json',
  'scripts/build.mjs',
];
const PAGE_ARGS = [
  '--rootDir',
  'src',
  '--outDir',
  OUT,
  '--incremental',
  'false',
  '--tsBuildInfoFile',
  'null',
];
const WORKER_ARGS = ['--outDir', `${OUT}/worker`, '--incremental', 'false', '--tsBuildInfoFile', 'null'];
const COPIED = ['page.css', 'icon.svg'];

const isHasty = process.argv.includes('--if-changed');
if (isHasty && isCurrent()) process.exit();
process.exitCode = await build();

async function build() {
  rmSync(RECORD, { force: true });
  rmSync(OUT, { recursive: true, force: true });
  // Taken first: what changes while this compiles is compiled next time.
  const sources = hashSources();
  const codes = await Promise.all([
    compile(['-p', 'tsconfig.build.json']),
    compile(['-p', 'src/views/page', ...PAGE_ARGS, '--sourceMap', 'false']),
    compile(['-p', 'clients/node', ...WORKER_ARGS, '--sourceMap', 'false']),
  ]);
  const failed = codes.find((code) => code !== 0);
  if (failed !== undefined) return failed;
  for (const file of COPIED) copyFileSync(`src/views/page/${file}`, `${OUT}/views/page/${file}`);
  chmodSync(`${OUT}/main.js`, 0o755);
  mkdirSync(dirname(RECORD), { recursive: true });
  writeFileSync(RECORD, JSON.stringify({ sources, built: hashFiles(filesOf(OUT)) }));
  return 0;
}

/** Resolves with the exit code. The compiler says itself what is wrong. */
function compile(args) {
  const tsc = join(dirname(createRequire(import.meta.url).resolve('typescript/package.json')), 'bin/tsc');
  // One thread each: two compilers share the cores, and each thread more checks common types once more.
  const all = [tsc, ...args, '--singleThreaded', '--skipLibCheck', ...(isHasty ? ['--noCheck'] : [])];
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, all, { stdio: 'inherit' });
    child.once('error', reject);
    child.once('close', (code) => resolve(code ?? 1));
  });
}

/** By content, as a checkout or a copy gives files any time. */
function isCurrent() {
  if (!existsSync(RECORD) || !existsSync(OUT)) return false;
  const { sources, built } = JSON.parse(readFileSync(RECORD, 'utf8'));
  return sources === hashSources() && built === hashFiles(filesOf(OUT));
}

function hashSources() {
  return hashFiles([
    ...CONFIGURATION.filter((file) => existsSync(file)),
    ...filesOf('src'),
    ...filesOf('clients/node'),
  ]);
}

function filesOf(folder) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

function hashFiles(files) {
  const hash = createHash('sha256');
  for (const file of files) {
    const content = readFileSync(file);
    hash.update(`${file}\0${content.length}\0`).update(content);
  }
  return hash.digest('base64url');
}
