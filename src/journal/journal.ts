/**
 * Writes down everything that happened, in order, and remembers the newest of it.
 * Nothing that is wrong with the disk stops the daemon: entries wait in a bounded buffer and are tried again.
 */

import type { Clock, Timer } from '../lib/clock.js';
import { describeError } from '../lib/describe-error.js';
import type { Logger } from '../lib/logger.js';
import { createSequenceRing } from '../lib/sequence-ring.js';
import {
  encodeEntry,
  type JournalEntry,
  type JournalFields,
  type JournalType,
  parseEntry,
} from './journal-entry.js';
import { createJournalFiles } from './journal-files.js';

export interface JournalQuery {
  readonly limit: number;
  /** Unix milliseconds; entries of that moment are included. */
  readonly sinceMs?: number;
  readonly types?: readonly JournalType[];
}

export interface JournalCounts {
  /** Entries that found no room in the buffer, or had to be on disk and were not. */
  readonly dropped: number;
  readonly isWritable: boolean;
}

export interface Journal {
  /** Reads the newest entries, once, before anything is appended; never rejects. */
  open(): Promise<void>;
  /** Soon in the file, together with what else comes; never waits for the disk. */
  append(fields: JournalFields): void;
  /** True when the entry is on disk and survives a loss of power; false when it is not in the file at all. */
  appendDurably(fields: JournalFields): Promise<boolean>;
  /** The newest entries that are still in memory, newest first. */
  newest(query: JournalQuery): readonly JournalEntry[];
  /** One object, replaced on change. */
  readonly counts: JournalCounts;
  /** Writes what is still to be written; never rejects. */
  close(): Promise<void>;
}

export interface JournalOptions {
  readonly directory: string;
  readonly clock: Clock;
  readonly log: Logger;
  readonly maxFileBytes?: number;
  readonly maxRotated?: number;
  /** Entries that wait while the disk takes none. */
  readonly maxWaiting?: number;
}

const MAX_FILE_BYTES = 16 * 1024 * 1024;
const MAX_ROTATED = 9;
/** An entry is about 400 bytes: a few MB at most. */
const MAX_WAITING = 5000;
const TAIL_ENTRIES = 5000;
const TAIL_BYTES = 4 * 1024 * 1024;
/** Entries within this time are written together. */
const WRITE_DELAY_MS = 200;
const RETRY_DELAY_MS = 10_000;

interface Waiting {
  readonly line: Buffer;
  /** Of a durable entry. */
  readonly onSettled?: (isOnDisk: boolean) => void;
}

export function createJournal(options: JournalOptions): Journal {
  const { directory, clock, log, maxWaiting = MAX_WAITING } = options;
  const { maxFileBytes = MAX_FILE_BYTES, maxRotated = MAX_ROTATED } = options;
  const files = createJournalFiles({ directory, maxFileBytes, maxRotated });
  const tail = createSequenceRing<JournalEntry>(TAIL_ENTRIES);
  let waiting: Waiting[] = [];
  let lostCount = 0;
  let counts: JournalCounts = { dropped: 0, isWritable: true };
  let timer: Timer | undefined;
  let writing: Promise<void> = Promise.resolve();

  function count(change: Partial<JournalCounts>): void {
    counts = { ...counts, ...change };
  }

  function enqueue(fields: JournalFields, onSettled?: (isOnDisk: boolean) => void): void {
    const { entry, line } = encodeEntry(fields, clock.nowMs());
    tail.push(entry);
    if (waiting.length >= maxWaiting) {
      lose(1);
      onSettled?.(false);
      return;
    }
    waiting.push({ line, ...(onSettled && { onSettled }) });
  }

  function lose(entries: number): void {
    lostCount += entries;
    count({ dropped: counts.dropped + entries });
  }

  function schedule(delayMs: number): void {
    timer ??= clock.after(delayMs, () => {
      timer = undefined;
      void writeNow();
    });
  }

  function writeNow(): Promise<void> {
    writing = writing.then(write);
    return writing;
  }

  /** Never rejects. */
  async function write(): Promise<void> {
    if (waiting.length === 0) return;
    const batch = waiting;
    waiting = [];
    const gap =
      lostCount > 0 ? [encodeEntry({ type: 'entries_lost', count: lostCount }, clock.nowMs()).line] : [];
    const isDurable = batch.some(({ onSettled }) => onSettled !== undefined);
    try {
      await files.append(Buffer.concat([...gap, ...batch.map(({ line }) => line)]), isDurable);
      if (gap.length > 0) lostCount = 0;
      if (!counts.isWritable) {
        log.info({ directory }, 'the journal is written again');
        count({ isWritable: true });
      }
      for (const { onSettled } of batch) onSettled?.(true);
    } catch (error) {
      putBack(batch, error);
    }
  }

  function putBack(batch: readonly Waiting[], error: unknown): void {
    if (counts.isWritable) {
      const problem = describeError(error);
      log.error(
        { directory, problem },
        'the journal cannot be written, going on without remembering; free space or make data_dir writable',
      );
      count({ isWritable: false });
    }
    // Who waits for the disk is told now, and must not find the entry in the file later.
    const durable = batch.filter(({ onSettled }) => onSettled !== undefined);
    const others = [...batch.filter(({ onSettled }) => onSettled === undefined), ...waiting];
    waiting = others.slice(0, maxWaiting);
    // Durable ones among them came while the write was under way.
    const crowdedOut = others.slice(maxWaiting);
    lose(durable.length + crowdedOut.length);
    for (const { onSettled } of [...durable, ...crowdedOut]) onSettled?.(false);
    schedule(RETRY_DELAY_MS);
  }

  async function open(): Promise<void> {
    try {
      const { tornBytes } = await files.open();
      if (tornBytes > 0) {
        log.warn({ directory, bytes: tornBytes }, 'the last line of the journal was torn and is dropped');
        lose(1);
      }
      const lines = await files.readNewest(TAIL_BYTES);
      const entries = lines.map(parseEntry);
      for (const entry of entries) if (entry) tail.push(entry);
      const unreadable = entries.filter((entry) => entry === undefined).length;
      if (unreadable > 0) log.warn({ directory, lines: unreadable }, 'lines of the journal cannot be read');
    } catch (error) {
      putBack([], error);
    }
  }

  return {
    open,
    append(fields) {
      enqueue(fields);
      if (counts.isWritable) schedule(WRITE_DELAY_MS);
    },
    appendDurably(fields) {
      return new Promise((resolve) => {
        enqueue(fields, resolve);
        void writeNow();
      });
    },
    newest({ limit, sinceMs = Number.NEGATIVE_INFINITY, types }) {
      const found: JournalEntry[] = [];
      for (const { entry } of tail.since(0).toReversed()) {
        if (found.length >= limit || Date.parse(entry.at) < sinceMs) break;
        if (!types || types.includes(entry.type)) found.push(entry);
      }
      return found;
    },
    get counts() {
      return counts;
    },
    async close() {
      timer?.cancel();
      timer = undefined;
      await writeNow();
      // A failed last write must not leave a timer behind.
      timer = (timer as Timer | undefined)?.cancel() as undefined;
      await files.close().catch(() => undefined);
    },
  };
}
