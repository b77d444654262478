/**
 * Keeps what must outlive the daemon in one file, `state.json`, shared by owners with a section each.
 * Nothing that is wrong with the file stops the daemon: a torn or foreign one is set aside, a full disk is said and retried.
 */

import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import { readBoundedFile, writeFileAtomically } from '../lib/atomic-file.js';
import type { Clock, Timer } from '../lib/clock.js';
import { describeError, errorCode } from '../lib/describe-error.js';
import type { NotedSection } from '../lib/durable-section.js';
import type { Logger } from '../lib/logger.js';
import { createSaveAhead } from './save-ahead.js';

export interface StateFile {
  /** Reads the file, once, before any section is asked; never rejects. */
  open(): Promise<void>;
  /** `version` is the shape of the owner's value: a section of another version loads as nothing. */
  section(name: string, version: number): NotedSection;
  /** Saves at once; true when everything that was to be saved is on disk and survives a loss of power. Never rejects. */
  flush(): Promise<boolean>;
  /** The last attempt to save succeeded, or there was none yet. */
  readonly isWritable: boolean;
  /** Writes what is still to be saved; never rejects. */
  close(): Promise<void>;
}

export interface StateFileOptions {
  readonly directory: string;
  readonly clock: Clock;
  readonly log: Logger;
  readonly maxBytes?: number;
}

interface StoredSection {
  readonly version: number;
  readonly value: unknown;
}

const FILE_NAME = 'state.json';
const FORMAT = 'stagewatch-state-1';
/** Changes within this time become one write: each costs two fsyncs. */
const SAVE_DELAY_MS = 2000;
const RETRY_DELAY_MS = 30_000;
const MAX_BYTES = 64 * 1024 * 1024;

export function createStateFile({
  directory,
  clock,
  log,
  maxBytes = MAX_BYTES,
}: StateFileOptions): StateFile {
  const path = join(directory, FILE_NAME);
  const ahead = createSaveAhead(directory);
  const sections = new Map<string, StoredSection>();
  const pending = new Map<string, { readonly version: number; readonly produce: () => unknown }>();
  let timer: Timer | undefined;
  let writing: Promise<void> = Promise.resolve();
  let isFailing = false;

  async function setAside(problem: string): Promise<void> {
    const aside = `${path}.set-aside-${clock.nowMs()}`;
    const outcome = await rename(path, aside).then(
      () => ({ movedTo: aside }),
      (error: unknown) => ({ notMoved: describeError(error) }),
    );
    log.error({ path, problem, ...outcome }, 'state file is not usable, starting without it');
  }

  function schedule(delayMs: number): void {
    timer ??= clock.after(delayMs, () => {
      timer = undefined;
      writing = writing.then(write);
    });
  }

  async function write(): Promise<void> {
    const taken = [...pending];
    if (taken.length === 0) return;
    pending.clear();
    try {
      for (const [name, { version, produce }] of taken) sections.set(name, { version, value: produce() });
      const forgetNotes = ahead.mark(taken.map(([name]) => name));
      const content = JSON.stringify({ format: FORMAT, sections: Object.fromEntries(sections) });
      await writeFileAtomically(path, `${content}\n`);
      await forgetNotes();
      if (isFailing) log.info({ path }, 'state is saved again');
      isFailing = false;
    } catch (error) {
      for (const [name, save] of taken) if (!pending.has(name)) pending.set(name, save);
      if (!isFailing) {
        log.error(
          { path, problem: describeError(error) },
          'state cannot be saved, going on without; free space or make data_dir writable',
        );
      }
      isFailing = true;
      schedule(RETRY_DELAY_MS);
    }
  }

  return {
    async open() {
      await ahead.open();
      const text = await readBoundedFile(path, maxBytes).catch((error: unknown) => {
        if (errorCode(error) === 'ENOENT') return undefined;
        return error instanceof Error ? error : new Error(String(error));
      });
      if (text === undefined) return;
      const parsed = typeof text === 'string' ? parseState(text) : { problem: describeError(text) };
      if ('problem' in parsed) await setAside(parsed.problem);
      else for (const [name, section] of parsed.sections) sections.set(name, section);
    },
    section(name, version) {
      return {
        load() {
          // A source that is started anew within one life must see what it saved just before it ended.
          const unsaved = pending.get(name);
          if (unsaved?.version === version) return unsaved.produce();
          const stored = sections.get(name);
          return stored?.version === version ? stored.value : undefined;
        },
        note: (value) => ahead.add(name, value),
        loadNotes: () => ahead.of(name),
        save(produce) {
          pending.set(name, { version, produce });
          if (!isFailing) schedule(SAVE_DELAY_MS);
        },
      };
    },
    async flush() {
      writing = writing.then(write);
      await writing;
      return !isFailing;
    },
    get isWritable() {
      return !isFailing;
    },
    async close() {
      timer?.cancel();
      timer = undefined;
      writing = writing.then(write);
      await writing;
      // A failed last write must not leave a timer behind.
      timer = (timer as Timer | undefined)?.cancel() as undefined;
    },
  };
}

function parseState(
  text: string,
): { readonly sections: ReadonlyMap<string, StoredSection> } | { readonly problem: string } {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return { problem: describeError(error) };
  }
  if (!isRecord(value) || value['format'] !== FORMAT || !isRecord(value['sections'])) {
    return { problem: `not a state file of this version of stagewatch (expected format ${FORMAT})` };
  }
  const sections = new Map<string, StoredSection>();
  for (const [name, section] of Object.entries(value['sections'])) {
    if (isRecord(section) && typeof section['version'] === 'number') {
      sections.set(name, { version: section['version'], value: section['value'] });
    }
  }
  return { sections };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
