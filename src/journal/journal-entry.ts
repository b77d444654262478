/** What an entry of the journal is, and how it becomes a line of JSON and back. */

import { scrubCredentials } from '../lib/scrub.js';

/** Everything that is written down, from a closed set, so that readers can ask for it by name. */
export const JOURNAL_TYPES = [
  'daemon_started',
  'daemon_stopped',
  'config_loaded',
  'config_refused',
  'finding_opened',
  'finding_cleared',
  'failure',
  'failure_sentinel',
  'restart_planned',
  'restart_refused',
  'restart_started',
  'restart_ended',
  'restart_took_effect',
  'silence_added',
  'silence_ended',
  'notification',
  'scale',
  'run_summary',
  'entries_lost',
] as const;
export type JournalType = (typeof JOURNAL_TYPES)[number];

export type JournalValue =
  | string
  | number
  | boolean
  | null
  | readonly JournalValue[]
  | { readonly [field: string]: JournalValue };

/** What a writer hands over; a field that is undefined is left out. */
export interface JournalFields {
  readonly type: JournalType;
  readonly [field: string]: JournalValue | undefined;
}

/** As it stands in the file: `at` is ISO 8601 by our clock. */
export interface JournalEntry extends JournalFields {
  readonly at: string;
}

/** A longer line is a mistake of its writer: only what it was is kept. */
export const MAX_LINE_BYTES = 16 * 1024;

/** The entry as it will be read again, and its line with the newline. */
export function encodeEntry(
  fields: JournalFields,
  atMs: number,
): { readonly entry: JournalEntry; readonly line: Buffer } {
  const entry = { at: new Date(atMs).toISOString(), ...fields };
  const text = scrubCredentials(JSON.stringify(entry));
  const line = Buffer.from(`${text}\n`);
  if (line.length <= MAX_LINE_BYTES) return { entry: JSON.parse(text) as JournalEntry, line };
  const short: JournalEntry = { at: entry.at, type: fields.type, oversized: true };
  return { entry: short, line: Buffer.from(`${JSON.stringify(short)}\n`) };
}

/** Undefined where the line is no entry. */
export function parseEntry(line: string): JournalEntry | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return isEntry(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isEntry(value: unknown): value is JournalEntry {
  if (typeof value !== 'object' || value === null || !('at' in value) || !('type' in value)) return false;
  return typeof value.at === 'string' && JOURNAL_TYPES.some((type) => type === value.type);
}
