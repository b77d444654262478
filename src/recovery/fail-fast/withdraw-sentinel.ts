/**
 * Removes a failure sentinel that stagewatch wrote, once the success sentinel is beside it: only the very file that was
 * written, known by its content, and never another one that has taken its name meanwhile.
 */

import { createHash, randomBytes } from 'node:crypto';
import { constants, type FileHandle, link, open, rename, rm } from 'node:fs/promises';
import { FAILED_SUFFIX } from '../../config/sentinel-pattern.js';
import { errorCode } from '../../lib/describe-error.js';
import { exists, explain, inFolder, type SentinelTarget, within } from './open-folder.js';

export type WithdrawResult =
  | { readonly kind: 'withdrawn' }
  /** There is none of ours: removed, or replaced by somebody else's. */
  | { readonly kind: 'not_ours' }
  /** The job has not succeeded. */
  | { readonly kind: 'no_success' }
  | { readonly kind: 'failed'; readonly problem: string };

/** What we write is far smaller. */
const MAX_BYTES = 64 * 1024;
const READ_FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/** The content that was written, by its SHA-256. */
export function hashSentinel(content: string | Buffer): string {
  return createHash('sha256').update(content).digest('hex');
}

/** Never rejects. */
export async function withdrawFailureSentinel(target: SentinelTarget, hash: string): Promise<WithdrawResult> {
  try {
    return await inFolder(target, false, (folder) => withdrawFrom(folder, target.file, hash));
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return { kind: 'not_ours' };
    return { kind: 'failed', problem: explain(error) };
  }
}

async function withdrawFrom(folder: FileHandle, file: string, hash: string): Promise<WithdrawResult> {
  const failure = within(folder, `${file}${FAILED_SUFFIX}`);
  if (!(await exists(within(folder, file)))) return { kind: 'no_success' };
  if (!(await isOurs(failure, hash))) return { kind: 'not_ours' };
  // Taken aside first: what stands under the name now may be another file than the one that was just read.
  const aside = within(folder, `.${file}.${randomBytes(6).toString('hex')}.tmp`);
  await rename(failure, aside);
  if (!(await isOurs(aside, hash))) {
    await putBack(aside, failure);
    return { kind: 'not_ours' };
  }
  await rm(aside, { force: true });
  await folder.sync();
  return { kind: 'withdrawn' };
}

/** A third file may have come under the name meanwhile, and stays; not every file system has links. */
async function putBack(aside: string, failure: string): Promise<void> {
  const problem = await link(aside, failure).then(
    () => undefined,
    (error: unknown) => errorCode(error) ?? '',
  );
  if (problem === undefined || problem === 'EEXIST') await rm(aside, { force: true });
  else await rename(aside, failure);
}

async function isOurs(path: string, hash: string): Promise<boolean> {
  const file = await open(path, READ_FLAGS).catch((error: unknown) => {
    if (['ENOENT', 'ELOOP'].includes(errorCode(error) ?? '')) return undefined;
    throw error;
  });
  if (!file) return false;
  try {
    const { size } = await file.stat();
    if (size > MAX_BYTES || !(await file.stat()).isFile()) return false;
    return hashSentinel(await file.readFile()) === hash;
  } finally {
    await file.close();
  }
}
