/** Keeps the web configuration file in force: reads it again when it or a file that it names changes, and keeps the last good one. */

import { readFileSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { OPEN_ACCESS, readWebFile, type WebAccess } from '../config/read-web-file.js';
import type { Clock, Timer } from '../lib/clock.js';
import { errorCode } from '../lib/describe-error.js';
import type { Logger } from '../lib/logger.js';

export interface WebFileWatch {
  /** What is in force. */
  readonly access: WebAccess;
  /** Takes over another file, or none. The problem in words when it is faulty: what was in force stays. */
  follow(path: string | null): string | undefined;
  close(): void;
}

export interface WebFileWatchOptions {
  readonly clock: Clock;
  readonly log: Logger;
  /** After each reading of a changed file: whether it was good. */
  readonly onRead: (isGood: boolean) => void;
}

/** A change counts when it is the same for two looks: certificate and key are not written at one moment. */
const LOOK_EVERY_MS = 1000;

export function createWebFileWatch({ clock, log, onRead }: WebFileWatchOptions): WebFileWatch {
  let access = OPEN_ACCESS;
  let followed: string | null = null;
  let paths: readonly string[] = [];
  let readSignature = '';
  let lastSignature = '';
  let timer: Timer | undefined;

  function read(path: string): string | undefined {
    const reading = readWebFile(path, (file) => readFileSync(file, 'utf8'));
    paths = reading.paths;
    onRead(reading.kind === 'ok');
    if (reading.kind === 'faulty') return reading.problems.map((one) => `${path}: ${one}`).join('; ');
    access = reading.access;
    return undefined;
  }

  async function look(): Promise<void> {
    const path = followed;
    const signature = await signatureOf(paths);
    if (path === null || path !== followed) return;
    if (readSignature === '') readSignature = signature;
    const isSettled = signature !== readSignature && signature === lastSignature;
    lastSignature = signature;
    if (isSettled) {
      const problem = read(path);
      readSignature = await signatureOf(paths);
      if (problem === undefined) log.info({ path }, 'web configuration reloaded');
      else log.error({ problem }, 'web configuration refused, the last good one stays in force');
    }
    schedule();
  }

  function schedule(): void {
    timer?.cancel();
    timer = followed === null ? undefined : clock.after(LOOK_EVERY_MS, () => void look());
  }

  return {
    get access() {
      return access;
    },
    follow(path) {
      const before = { access, followed, paths };
      const problem = path === null ? undefined : read(path);
      if (problem !== undefined) {
        if (before.followed !== null) ({ access, paths } = before);
        return problem;
      }
      if (path === null) access = OPEN_ACCESS;
      followed = path;
      readSignature = '';
      schedule();
      return undefined;
    },
    close() {
      followed = null;
      timer?.cancel();
    },
  };
}

/** Of where a link leads too: a mounted secret is changed by turning a link. */
async function signatureOf(paths: readonly string[]): Promise<string> {
  const parts = paths.map(async (path) => {
    try {
      const { ino, size, mtimeMs } = await stat(path);
      return `${path} ${ino} ${size} ${mtimeMs}`;
    } catch (error) {
      return `${path} ${errorCode(error)}`;
    }
  });
  return (await Promise.all(parts)).join('\n');
}
