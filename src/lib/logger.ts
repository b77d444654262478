/** The daemon's log: pino as JSON lines for machines, or one readable line an entry for people. */

import { type DestinationStream, type Logger as PinoLogger, pino } from 'pino';
import { describeError } from './describe-error.js';
import { escapeControls } from './escape-controls.js';
import { scrubCredentials } from './scrub.js';

export type Logger = PinoLogger;
export type LogFormat = 'text' | 'json';
export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'silent';

export interface LoggerOptions {
  readonly level: LogLevel;
  readonly format: LogFormat;
  /** Where finished lines go, newline included. */
  readonly write: (line: string) => void;
}

export function createLogger({ level, format, write }: LoggerOptions): Logger {
  const destination: DestinationStream = {
    // In JSON too, which escapes only some of them: its lines are read in terminals.
    write: (line) => {
      const text = scrubCredentials(format === 'text' ? renderTextLine(line) : line.trimEnd());
      write(`${escapeControls(text)}\n`);
    },
  };
  return pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { err: describeError },
    },
    destination,
  );
}

const HIDDEN_FIELDS = new Set(['level', 'time', 'component', 'msg']);

/** `2026-11-23T21:40:02.114Z WARN  docker     engine unreachable  err="connect ENOENT"` */
function renderTextLine(jsonLine: string): string {
  const entry = JSON.parse(jsonLine) as Record<string, unknown>;
  const fields = Object.entries(entry)
    .filter(([key, value]) => !HIDDEN_FIELDS.has(key) && value !== undefined)
    .map(([key, value]) => `${key}=${renderValue(value)}`);
  const head = [
    String(entry['time']),
    String(entry['level']).toUpperCase().padEnd(5),
    String(entry['component'] ?? 'stagewatch').padEnd(10),
    String(entry['msg'] ?? ''),
  ].join(' ');
  return `${[head, ...fields].join('  ').replaceAll(/[\r\n]+/g, ' ')}`;
}

function renderValue(value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return /^[^\s"=]+$/.test(text) ? text : JSON.stringify(text);
}
