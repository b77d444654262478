/** Counts how often a job was begun, beside its sentinel, so that one that kills its workers is given up some day. */

import { readFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { removeFile, writeAtomically } from './files.js';
import type { Message } from './message.js';

/**
 * Which attempt this is, from 1. A message that waited in a worker and went back unbegun is no attempt. Without a
 * sentinel there is no place to count: then a quorum queue's own count is taken.
 */
export async function beginAttempt(
  path: string | undefined,
  message: Message,
  isLimited: boolean,
): Promise<number> {
  if (path === undefined || !isLimited) return attemptByBroker(message);
  const file = fileOf(path);
  const attempt = (message.redelivered ? await read(file) : 0) + 1;
  return writeAtomically(file, String(attempt), false).then(
    () => attempt,
    // A full disk: the broker's count is better than none.
    () => Math.max(attempt, attemptByBroker(message)),
  );
}

export async function endAttempts(path: string | undefined): Promise<void> {
  if (path !== undefined) await removeFile(fileOf(path)).catch(() => undefined);
}

/** The dot keeps it out of the daemon's scans. */
function fileOf(path: string): string {
  return join(dirname(path), `.${basename(path).slice(0, 200)}.attempts`);
}

async function read(file: string): Promise<number> {
  const text = await readFile(file, 'utf8').catch(() => '0');
  return Number.parseInt(text, 10) || 0;
}

function attemptByBroker({ headers, redelivered }: Message): number {
  const count = headers['x-delivery-count'];
  if (typeof count === 'number') return count + 1;
  return redelivered ? 2 : 1;
}
