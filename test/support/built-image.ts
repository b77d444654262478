/** The image that the Dockerfile makes, on an engine without a registry: its own instructions, on what this machine has. */

import { execFile } from 'node:child_process';
import { cp, mkdir, readFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import type { RealDocker } from './real-docker.js';

const run = promisify(execFile);

/** Where the instructions put the image's files; a folder of the test's stands for it. */
const STAGED = '/image';
/** What only makes the files, or comes to pass by copying. */
const NOT_IMAGE_SETTINGS = /^(FROM|COPY|RUN|ARG)\b/;

/** Instructions of the Dockerfile, continued lines joined, comments gone. */
export async function dockerfileInstructions(): Promise<readonly string[]> {
  const text = await readFile('Dockerfile', 'utf8');
  return text
    .replaceAll(/^#.*\n/gm, '')
    .replaceAll(/\\\n\s*/g, ' ')
    .split('\n')
    .filter((line) => line.trim() !== '');
}

/** Imports it as `name`; takes what `npm pack` made of the built package, and this Node.js. */
export async function importImage(engine: RealDocker, folder: string, name: string): Promise<void> {
  const instructions = await dockerfileInstructions();
  const root = join(folder, 'image');
  await stageRuntime(instructions, root);
  await stageProgram(folder, join(root, 'app'));
  const archive = join(folder, 'image.tar');
  // As the COPY --chown of the last stage does it.
  await run('chown', ['10001:10001', join(root, 'data')]);
  await run('tar', ['-C', root, '-cf', archive, '.']);
  const last = instructions.slice(instructions.lastIndexOf('FROM scratch'));
  const settings = last.filter((line) => !NOT_IMAGE_SETTINGS.test(line));
  await engine.docker('import', ...settings.flatMap((line) => ['--change', line]), archive, name);
}

async function stageRuntime(instructions: readonly string[], root: string): Promise<void> {
  const script = instructions.find((line) => line.startsWith('RUN') && line.includes('ldd'))?.slice(4);
  if (script === undefined) throw new Error('no RUN in the Dockerfile stages node');
  await run('sh', ['-c', script.replaceAll(STAGED, root)], {
    env: { PATH: `${dirname(process.execPath)}:/usr/bin:/bin` },
  });
}

async function stageProgram(folder: string, app: string): Promise<void> {
  await run('npm', ['run', 'build']);
  const { stdout } = await run('npm', ['pack', '--json', '--pack-destination', folder]);
  const [packed] = JSON.parse(stdout.slice(stdout.indexOf('['))) as { filename: string }[];
  const archive = join(folder, basename(packed?.filename ?? ''));
  await run('tar', ['-xzf', archive, '--strip-components=1', '-C', app]);
  const lock = JSON.parse(await readFile('package-lock.json', 'utf8')) as {
    packages: Record<string, { dev?: boolean }>;
  };
  for (const [path, { dev }] of Object.entries(lock.packages)) {
    if (path === '' || dev === true || path.lastIndexOf('node_modules') > 0) continue;
    await mkdir(dirname(join(app, path)), { recursive: true });
    await cp(path, join(app, path), { recursive: true });
  }
}
