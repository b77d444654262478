/** What the engines of tests hold, Docker's and Podman's: one image made from busybox, and containers to be removed. */

import { execFile } from 'node:child_process';
import { copyFile, mkdir, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { EngineClient } from './engine-client.js';
import { requireProgram } from './machine.js';

const run = promisify(execFile);

/** The image that every test container runs: busybox under a few names. */
export const IMAGE = 'box:1';
const REMOVAL_LANES = 8;
const COMMANDS = [
  'sh',
  'sleep',
  'cat',
  'echo',
  'true',
  'false',
  'kill',
  'date',
  'mv',
  'ls',
  'head',
  'dd',
  'touch',
  'rm',
];

export async function removeAllContainers(api: EngineClient): Promise<void> {
  const { json } = await api.ask('/containers/json?all=1');
  const ids = (json() as readonly { readonly Id: string }[]).map(({ Id }) => Id);
  // In lanes, because the engine takes a second or two for each.
  const lanes = Array.from({ length: REMOVAL_LANES }, async () => {
    for (let id = ids.pop(); id !== undefined; id = ids.pop()) {
      await api.ask(`/containers/${id}?force=1`, 'DELETE');
    }
  });
  await Promise.all(lanes);
}

export async function inspectContainer(api: EngineClient, name: string): Promise<Record<string, unknown>> {
  const { status, text, json } = await api.ask(`/containers/${encodeURIComponent(name)}/json`);
  if (status !== 200) throw new Error(`the engine answers ${status}: ${text}`);
  return json() as Record<string, unknown>;
}

/** `docker` runs the docker client. */
export async function importImage(
  folder: string,
  docker: (...args: string[]) => Promise<string>,
): Promise<void> {
  const root = join(folder, 'rootfs');
  await mkdir(join(root, 'bin'), { recursive: true });
  await mkdir(join(root, 'tmp'), { recursive: true });
  await copyFile(requireProgram('busybox'), join(root, 'bin', 'busybox'));
  for (const command of COMMANDS) await symlink('busybox', join(root, 'bin', command));
  const archive = join(folder, 'rootfs.tar');
  await run('tar', ['-C', root, '-cf', archive, '.']);
  await docker('import', archive, IMAGE);
}
