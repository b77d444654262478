/** Makes a suite's root folder by debootstrap and apt, once, from the mirror that the machine's own apt uses. */

import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmod, copyFile, mkdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import { findProgram } from '../support/machine.js';
import {
  HOST_FOLDER,
  SUITE_PACKAGES,
  SUITE_PROGRAMS,
  type Suite,
  suiteBin,
  suiteRoot,
  suitesFolder,
} from './suites.js';

const run = promisify(execFile);
const MAKE_LIMIT_MS = 540_000;
const BIGGEST_OUTPUT_BYTES = 32 * 1024 * 1024;
/** Named after what a root must hold: a root with another stamp is an old one. */
const STAMP = `.stagewatch-${createHash('sha256').update(SUITE_PACKAGES.join(' ')).digest('hex').slice(0, 12)}`;

/** Undefined when the suite is ready to use; else why it cannot be had here, for people. */
export async function makeSuite(suite: Suite): Promise<string | undefined> {
  if (process.getuid?.() !== 0) return `Debian ${suite}: making it needs root`;
  if (findProgram('debootstrap') === undefined) return `Debian ${suite}: debootstrap is not installed`;
  try {
    await mkdir(suitesFolder(), { recursive: true });
    if (!(await isComplete(suite))) await install(suite);
    await writeEntrances(suite);
    return undefined;
  } catch (error) {
    const { message, stderr = '' } = error as Error & { readonly stderr?: string };
    return `Debian ${suite}: ${(stderr || message).trim().slice(-500)}`;
  }
}

async function isComplete(suite: Suite): Promise<boolean> {
  return stat(join(suiteRoot(suite), STAMP)).then(
    () => true,
    () => false,
  );
}

/** Under another name until it is whole: a run that is cut off leaves nothing that looks ready. */
async function install(suite: Suite): Promise<void> {
  const part = `${suiteRoot(suite)}.part`;
  await rm(part, { recursive: true, force: true, maxRetries: 5 });
  const env = { ...process.env, ...(await proxies()), DEBIAN_FRONTEND: 'noninteractive' };
  const options = { env, timeout: MAKE_LIMIT_MS, maxBuffer: BIGGEST_OUTPUT_BYTES };
  await run('debootstrap', ['--variant=minbase', suite, part, await mirror()], options);
  const enter = join(suitesFolder(), `${suite}.part-enter`);
  await writeScript(enter, entrance(part));
  const apt = ['apt-get', 'install', '-q', '-y', '--no-install-recommends', ...SUITE_PACKAGES];
  await run('unshare', ['--mount', enter, ...apt], options);
  await run('unshare', ['--mount', enter, 'apt-get', 'clean'], options);
  // Nodes of a broker are named after localhost.
  await copyFile('/etc/hosts', join(part, 'etc/hosts'));
  await rm(enter);
  await writeFile(join(part, STAMP), '');
  await rm(suiteRoot(suite), { recursive: true, force: true });
  await rename(part, suiteRoot(suite));
}

/** Where the host's apt gets its own suite from. */
async function mirror(): Promise<string> {
  const { stdout } = await run('apt-get', ['indextargets', '--format', '$(REPO_URI) $(ORIGIN) $(LABEL)']);
  const debian = stdout.split('\n').find((line) => line.endsWith(' Debian Debian'));
  const uri = debian?.split(' ')[0];
  if (uri === undefined) throw new Error('no Debian mirror is configured for apt');
  return uri;
}

/** debootstrap knows proxies from the environment only. */
async function proxies(): Promise<Record<string, string>> {
  const { stdout } = await run('apt-config', ['shell', 'proxy', 'Acquire::http::Proxy']);
  const proxy = /^proxy='(.*)'/m.exec(stdout)?.[1];
  return proxy ? { http_proxy: proxy } : {};
}

/**
 * Runs a program in the root, in the mount namespace that `unshare` has opened for it: what is mounted there ends with
 * the program, however it ends. It keeps its process id, its working folder and the folders of the tests.
 */
function entrance(root: string): string {
  return `#!/bin/sh
set -e
mount --make-rprivate /
# A mount point of its own, as a root has to be for an engine that unpacks images.
mount --bind "${root}" "${root}"
for folder in /proc /sys /dev /tmp "$PWD"; do
  mkdir -p "${root}$folder"
  mount --rbind "$folder" "${root}$folder"
done
# What containers borrow from this machine: its programs and libraries.
mkdir -p "${root}${HOST_FOLDER}"
mount --bind / "${root}${HOST_FOLDER}"
exec chroot "${root}" env -C "$PWD" "$@"
`;
}

async function writeEntrances(suite: Suite): Promise<void> {
  const bin = suiteBin(suite);
  await mkdir(bin, { recursive: true });
  const enter = join(bin, '.enter');
  await writeScript(enter, entrance(suiteRoot(suite)));
  for (const program of SUITE_PROGRAMS) {
    const path = program.startsWith('rabbitmq') ? `/usr/lib/rabbitmq/bin/${program}` : program;
    await writeScript(
      join(bin, basename(program)),
      `#!/bin/sh\nexec unshare --mount "${enter}" "${path}" "$@"\n`,
    );
  }
}

/** In one step, because a run beside this one may be starting it. */
async function writeScript(path: string, text: string): Promise<void> {
  const fresh = `${path}.${process.pid}`;
  await writeFile(fresh, text);
  await chmod(fresh, 0o755);
  await rename(fresh, path);
}
