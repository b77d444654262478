/** The progress file of the job in hand: written at once on start, then at most once a second, removed at its end. */

import { statSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { UsageError } from './errors.js';
import { errorText, MAX_FILE_BYTES, removeFile, wellFormed, writeAtomically } from './files.js';

const WRITE_EVERY_MS = 1000;
const TICK_MS = 250;
const DEFAULT_FOLDER = '/run/pipeline/progress';
const MAX_NAME_LENGTH = 240;
/** The daemon keeps no more of a text. */
const MAX_TEXT = 1024;

export interface ProgressFacts {
  readonly name: string;
  readonly stage?: string | undefined;
  readonly queue?: string | undefined;
  readonly state: 'running';
  readonly document?: string | undefined;
  readonly done?: number | undefined;
  readonly total?: number | undefined;
  readonly unit?: string | undefined;
  readonly message?: string | undefined;
  /** Unix seconds. */
  readonly started_at: number;
}

export type Warn = (message: string) => void;

export interface ProgressFile {
  readonly folder: string;
  /** Written at once, and again about a second after each change. */
  begin(facts: () => ProgressFacts): void;
  writeNow(): void;
  /** Costs nothing: the file follows within about a second. */
  changed(): void;
  /** Written this often although nothing changed; undefined: only when something did. */
  beat(everyMs: number | undefined): void;
  /** Removes the file; nothing is written after that. */
  end(): Promise<void>;
}

/** The name by which the daemon knows the container: `STAGEWATCH_NAME`, else the hostname, which is its id. */
export function workerName(name?: string): string {
  const { STAGEWATCH_NAME, HOSTNAME } = process.env;
  const found = name || STAGEWATCH_NAME || HOSTNAME || hostname();
  if (/^\.|[/\\]|\.\./.test(found) || found.length > MAX_NAME_LENGTH)
    throw new UsageError(
      `name '${found.slice(0, 80)}': expected the container's name, without slashes or '..'`,
    );
  return found;
}

/** `STAGEWATCH_PROGRESS_DIR`, else the usual place if it is there; undefined: no progress is written. */
export function progressFolder(folder?: string): string | undefined {
  const found = folder || process.env['STAGEWATCH_PROGRESS_DIR'];
  if (found) return found;
  return statSync(DEFAULT_FOLDER, { throwIfNoEntry: false })?.isDirectory() ? DEFAULT_FOLDER : undefined;
}

/** Trouble with the file is said once and never fails the job. */
export function createProgressFile(folder: string, name: string, warn: Warn): ProgressFile {
  const path = join(folder, `${name}.json`);
  let facts: (() => ProgressFacts) | undefined;
  let isDirty = false;
  let isFailing = false;
  let beatMs: number | undefined;
  let writtenAtMs = 0;
  let timer: NodeJS.Timeout | undefined;
  /** One after the other, so that a late write cannot follow the removal. */
  let last: Promise<void> = Promise.resolve();

  function writeNow(): void {
    writtenAtMs = performance.now();
    isDirty = false;
    last = last.then(async () => {
      if (!facts) return;
      try {
        await writeAtomically(path, render(facts()), false);
        isFailing = false;
      } catch (error) {
        if (!isFailing) warn(`cannot write progress, the job goes on without: ${errorText(error)}`);
        isFailing = true;
      }
    });
  }

  function tick(): void {
    const everyMs = isDirty ? WRITE_EVERY_MS : beatMs;
    if (everyMs !== undefined && performance.now() - writtenAtMs >= everyMs) writeNow();
  }

  return {
    folder,
    begin(snapshot) {
      facts = snapshot;
      writeNow();
      timer ??= setInterval(tick, TICK_MS).unref();
    },
    writeNow,
    changed() {
      isDirty = true;
    },
    beat(everyMs) {
      isDirty = true;
      beatMs = everyMs;
    },
    async end() {
      clearInterval(timer);
      timer = undefined;
      facts = undefined;
      await last;
      await removeFile(path).catch((error: unknown) => warn(`cannot remove ${path}: ${errorText(error)}`));
    },
  };
}

function render(facts: ProgressFacts): string {
  const text = JSON.stringify({
    schema: 1,
    role: 'worker',
    ...facts,
    document: facts.document && wellFormed(facts.document.slice(0, MAX_TEXT)),
    message: facts.message && wellFormed(facts.message.slice(0, MAX_TEXT)),
    updated_at: Date.now() / 1000,
  });
  if (Buffer.byteLength(text) > MAX_FILE_BYTES) throw new Error('over 64 kB');
  return text;
}
