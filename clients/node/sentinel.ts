/** Sentinels: the file that ends a job. `PATH` is success, `PATH.failed` is failure. */

import { access, open } from 'node:fs/promises';
import { UsageError } from './errors.js';
import {
  clip,
  errorCode,
  errorText,
  MAX_FILE_BYTES,
  removeFile,
  wellFormed,
  writeAtomically,
} from './files.js';

export const FAILED_SUFFIX = '.failed';

const MAX_ERROR_CHARS = 8000;
const MAX_STACK_CHARS = 20_000;
const MAX_NAME_BYTES = 255 - FAILED_SUFFIX.length;
const CONTROL = /\p{Cc}/u;

export interface JobNames {
  readonly document: string | undefined;
  readonly stage: string | undefined;
}

/** Throws UsageError for a pattern that the daemon could not read either. */
export function checkPattern(pattern: string): void {
  if (/[{}]/.test(pattern.replaceAll('{document}', '').replaceAll('{stage}', '')))
    throw new UsageError(`sentinel ${pattern}: only {document} and {stage} are replaced`);
  if (pattern === '' || pattern.endsWith('/') || pattern.endsWith(FAILED_SUFFIX))
    throw new UsageError(
      `sentinel '${pattern}': give the path of the success sentinel, without ${FAILED_SUFFIX}`,
    );
}

/** Fills `{document}` and `{stage}` in; throws UsageError for a name that would lead elsewhere. */
export function sentinelPath(pattern: string, names: JobNames): string {
  return pattern.replaceAll(/\{(document|stage)\}/g, (_, key: 'document' | 'stage') => {
    const value = names[key];
    if (value === undefined)
      throw new UsageError(`the sentinel ${pattern} needs the ${key} of the job, and none is known`);
    const problem = nameProblem(value);
    if (problem !== undefined)
      throw new UsageError(
        `${key} ${JSON.stringify(value.slice(0, 80))} cannot be part of a path: ${problem}`,
      );
    return value;
  });
}

function nameProblem(name: string): string | undefined {
  if (name === '' || name === '.' || name === '..') return 'it is empty or a folder';
  if (name.includes('/') || CONTROL.test(name)) return 'it has a slash or a control character';
  if (name.startsWith('.')) return 'it begins with a dot, and the daemon leaves such names out';
  if (Buffer.byteLength(name) > MAX_NAME_BYTES) return `it is longer than ${MAX_NAME_BYTES} bytes`;
  return undefined;
}

/** Writes the success sentinel and removes a failure of an earlier attempt; rejects with the system's error. */
export async function writeSuccess(
  path: string,
  data: Readonly<Record<string, unknown>> = { finished_at: new Date().toISOString() },
  isDurable = true,
): Promise<void> {
  await placeSuccess(path, data, isDurable);
  await removeFile(path + FAILED_SUFFIX);
}

/** Only the success sentinel: a failure of an earlier attempt stays beside it, and says nothing any more. */
export function placeSuccess(path: string, data: object, isDurable: boolean): Promise<void> {
  return writeAtomically(path, `${JSON.stringify(data)}\n`, isDurable);
}

export interface Failure {
  readonly error: string;
  readonly worker?: string | undefined;
  readonly reason?: string | undefined;
}

/**
 * Writes the failure sentinel; false when the job has succeeded already, which a failure never undoes. The same failure
 * written twice is one failure: the file stays as it is. Rejects with the system's error.
 */
export async function writeFailure(
  path: string,
  failure: Failure,
  options: {
    readonly more?: Readonly<Record<string, unknown>>;
    readonly isDurable?: boolean;
    readonly failedAt?: string;
  } = {},
): Promise<boolean> {
  if (await exists(path)) return false;
  const facts: Failure = { ...failure, error: clip(failure.error, MAX_ERROR_CHARS) };
  if (options.more === undefined && saysTheSame(await readFailure(path + FAILED_SUFFIX), facts)) return true;
  const failedAt = options.failedAt ?? new Date().toISOString();
  const content = { ...facts, failed_at: failedAt, ...options.more };
  await writeAtomically(path + FAILED_SUFFIX, `${JSON.stringify(content)}\n`, options.isDurable ?? true);
  if (!(await exists(path))) return true;
  // Another worker succeeded between the look and the write: whichever comes last of the two removes the failure.
  await removeFile(path + FAILED_SUFFIX);
  return false;
}

function saysTheSame(there: FailureContent | undefined, { error, worker, reason }: Failure): boolean {
  return there?.error === error && there.worker === worker && there.reason === reason;
}

export interface FailureContent extends Failure {
  /** `stagewatch`: the daemon wrote it for a worker that died. */
  readonly writtenBy?: string | undefined;
}

/** What the failure sentinel at `path` (with `.failed`) says: JSON with `error`, or plain text; undefined: none there. */
export async function readFailure(path: string): Promise<FailureContent | undefined> {
  let text: string;
  try {
    text = (await readStart(path)).trim();
  } catch (error) {
    if (errorCode(error) === 'ENOENT' || errorCode(error) === 'ENOTDIR') return undefined;
    return { error: `the job failed, and why cannot be read: ${errorText(error)}` };
  }
  const fields = parseObject(text);
  if (fields === undefined) return { error: text || 'the job failed, and its failure sentinel is empty' };
  const { error = fields['message'], worker, reason, written_by: writtenBy } = fields;
  return {
    error:
      typeof error === 'string'
        ? error
        : error === undefined || error === null
          ? 'the job failed without saying why'
          : JSON.stringify(error),
    ...(typeof worker === 'string' && { worker }),
    ...(typeof reason === 'string' && { reason }),
    ...(typeof writtenBy === 'string' && { writtenBy }),
  };
}

function parseObject(text: string): Record<string, unknown> | undefined {
  if (!text.startsWith('{')) return undefined;
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    // Half of it, or no JSON: the text itself is what there is to show.
    return undefined;
  }
}

async function readStart(path: string): Promise<string> {
  const file = await open(path, 'r');
  try {
    const buffer = Buffer.alloc(MAX_FILE_BYTES);
    const { bytesRead } = await file.read(buffer, 0, buffer.length, 0);
    return buffer.toString('utf8', 0, bytesRead);
  } finally {
    await file.close();
  }
}

export async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

/** `Type: message` in one piece, whatever was thrown and whatever its own words do when they are asked for. */
export function describeThrown(error: unknown): string {
  try {
    const text = error instanceof Error ? String(error) : `thrown: ${String(error)}`;
    return wellFormed(clip(text, MAX_ERROR_CHARS));
  } catch (problem) {
    return `an error whose message cannot be shown (${problem instanceof Error ? problem.name : typeof problem})`;
  }
}

export function describeStack(error: unknown): string | undefined {
  try {
    const stack = error instanceof Error ? error.stack : undefined;
    return typeof stack === 'string' ? wellFormed(clip(stack, MAX_STACK_CHARS)) : undefined;
  } catch {
    // A getter of its own failed; the error's message is what there is.
    return undefined;
  }
}
