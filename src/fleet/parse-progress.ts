/** Reads the JSON of a progress file or message into a report, or says why it is of no use. */

import { boundText, cutProse } from '../lib/bound-text.js';
import { isZoneless, parseTimestamp } from '../lib/parse-timestamp.js';
import type { ProgressIgnoreReason, ProgressReading, ProgressReport } from './progress-model.js';

export const MAX_PROGRESS_BYTES = 65_536;
const MAX_NAME_LENGTH = 255;
const MAX_STAGE_LENGTH = 128;
const MAX_DOCUMENT_LENGTH = 500;
const MAX_TEXT_LENGTH = 1024;
/** AMQP has no longer names. */
const MAX_QUEUE_BYTES = 255;
const MAX_COMPLETED = 1000;

const CONTROL = /\p{Cc}/u;

class Unusable extends Error {
  readonly reason: ProgressIgnoreReason;

  constructor(reason: ProgressIgnoreReason, message: string) {
    super(message);
    this.reason = reason;
  }
}

/** `fallbackName`: the file's name without `.json`; a message has none and must carry its own. */
export function parseProgress(text: string, fallbackName?: string): ProgressReading {
  const trimmed = text.replace(/^\uFEFF/, '').trim();
  if (trimmed === '') return ignored('empty', 'nothing in it');
  if (text.length > MAX_PROGRESS_BYTES) return ignored('oversized', `over ${MAX_PROGRESS_BYTES} bytes`);
  let value: unknown;
  try {
    value = parseJson(trimmed);
  } catch {
    return ignored('not_json', 'not JSON: half-written? write to a temporary name, then rename');
  }
  if (!isRecord(value)) return ignored('wrong_type', 'expected a JSON object');
  try {
    return { kind: 'report', report: readReport(value, fallbackName) };
  } catch (error) {
    if (error instanceof Unusable) return ignored(error.reason, error.message);
    throw error;
  }
}

/**
 * Python's json writes NaN and Infinity where a number is not known: bare words that JSON does not have. A text that never
 * ends is taken to the end: looked at once, not again from each quote in it.
 */
const BARE_NUMBERS = /"(?:[^"\\]|\\.)*(?:"|\\?$)|-?\b(?:NaN|Infinity)\b/gs;

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const without = text.replace(BARE_NUMBERS, (found) => (found.startsWith('"') ? found : 'null'));
    if (without === text) throw error;
    return JSON.parse(without);
  }
}

/** A name that may stand in labels and is surely no path. */
export function isProgressName(name: string): boolean {
  return (
    name !== '' &&
    name.length <= MAX_NAME_LENGTH &&
    !name.startsWith('.') &&
    !/[/\\\uFFFD]|\.\./.test(name) &&
    !CONTROL.test(name)
  );
}

function ignored(reason: ProgressIgnoreReason, detail: string): ProgressReading {
  return { kind: 'ignored', reason, detail };
}

type Fields = Readonly<Record<string, unknown>>;

function isRecord(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Assigned one by one: this runs for every file that changed, and spreading each field costs more than reading it. */
function readReport(fields: Fields, fallbackName: string | undefined): ProgressReport {
  const report: { -readonly [K in keyof ProgressReport]: ProgressReport[K] } = {
    name: readName(fields, fallbackName),
  };
  const role = readRole(fields['role']);
  if (role !== undefined) report.role = role;
  const stage = readStage(fields);
  if (stage !== undefined) report.stage = stage;
  const queue = readQueue(fields['queue']);
  if (queue !== undefined) report.queue = queue;
  const state = readText(fields, 'state')?.slice(0, MAX_TEXT_LENGTH).trim().toLowerCase();
  if (state !== undefined && state !== '') report.state = state;
  for (const key of ['document', 'unit', 'message'] as const) {
    const text = readText(fields, key);
    if (text === undefined) continue;
    report[key] = key === 'message' ? cutProse(text, MAX_TEXT_LENGTH) : boundText(text, MAX_DOCUMENT_LENGTH);
  }
  for (const key of ['done', 'total'] as const) {
    const amount = readAmount(fields, key);
    if (amount !== undefined) report[key] = amount;
  }
  const startedAtMs = readTime(fields, 'started_at');
  if (startedAtMs !== undefined) report.startedAtMs = startedAtMs;
  if (startedAtMs !== undefined && isZoneless(fields['started_at'])) report.isStartZoneless = true;
  const updatedAtMs = readTime(fields, 'updated_at');
  if (updatedAtMs !== undefined) report.updatedAtMs = updatedAtMs;
  const completed = readCompleted(fields['completed']);
  if (completed !== undefined) report.completed = completed;
  return report;
}

function readName(fields: Fields, fallbackName: string | undefined): string {
  const name = fields['name'] ?? fallbackName;
  if (name === undefined) throw new Unusable('bad_name', 'name is missing');
  if (typeof name !== 'string') throw new Unusable('wrong_type', 'name: expected text');
  if (!isProgressName(name)) {
    throw new Unusable(
      'bad_name',
      'name: expected a container name, without slashes, ".." or control characters',
    );
  }
  return name;
}

function readRole(value: unknown): ProgressReport['role'] {
  if (value === undefined || value === null) return undefined;
  if (value === 'worker' || value === 'orchestrator') return value;
  throw new Unusable('wrong_type', 'role: expected worker or orchestrator');
}

/** Absent and null are the same. */
function readText(fields: Fields, key: string): string | undefined {
  const value = fields[key];
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'string') throw new Unusable('wrong_type', `${key}: expected text`);
  return value === '' ? undefined : value;
}

/** It becomes a label: whole or not at all. */
function readStage(fields: Fields): string | undefined {
  const text = readText(fields, 'stage');
  if (text === undefined) return undefined;
  if (text.length > MAX_STAGE_LENGTH || CONTROL.test(text)) {
    throw new Unusable('wrong_type', `stage: expected at most ${MAX_STAGE_LENGTH} characters on one line`);
  }
  return text;
}

/** Other writers may mean something else by the word, such as a depth: what is no queue's name is not read. */
function readQueue(value: unknown): string | undefined {
  const isName = typeof value === 'string' && value !== '' && Buffer.byteLength(value) <= MAX_QUEUE_BYTES;
  return isName && !CONTROL.test(value) ? value : undefined;
}

function readAmount(fields: Fields, key: string): number | undefined {
  const value = fields[key];
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'number' || !Number.isFinite(value) || value < 0) {
    throw new Unusable('wrong_type', `${key}: expected a number of 0 or more`);
  }
  return value;
}

function readTime(fields: Fields, key: string): number | undefined {
  const value = fields[key];
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'number' && typeof value !== 'string') {
    throw new Unusable('wrong_type', `${key}: expected Unix seconds or ISO 8601`);
  }
  const atMs = parseTimestamp(value);
  if (atMs !== undefined) return atMs;
  throw new Unusable('clock', `${key}: expected Unix seconds or ISO 8601 between 2000 and 2100`);
}

function readCompleted(value: unknown): readonly string[] | undefined {
  if (value === undefined || value === null) return undefined;
  const isList =
    Array.isArray(value) &&
    value.length <= MAX_COMPLETED &&
    value.every((id) => typeof id === 'string' && id.length <= MAX_STAGE_LENGTH);
  if (!isList) throw new Unusable('wrong_type', 'completed: expected a list of stage ids');
  return value;
}
