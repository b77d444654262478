/** Reads what a sentinel file says: JSON with `error`, or plain text; never fails, everything bounded. */

import { parseTimestamp } from '../../lib/parse-timestamp.js';

export interface SentinelContent {
  /** Why the job failed, as the worker wrote it. */
  readonly error: string;
  readonly worker?: string;
  /** One of the configured reasons, where the worker knows it; the text decides otherwise. */
  readonly reason?: string;
  readonly failedAtMs?: number;
  readonly document?: string;
  readonly stage?: string;
  /** Nothing yet, or JSON that has no end: whoever writes it may still be at it. */
  readonly isUnfinished: boolean;
}

const MAX_ERROR_CHARS = 2000;
const MAX_NAME_CHARS = 255;

export function parseSentinelContent(text: string): SentinelContent {
  const trimmed = text.trim();
  const json = trimmed.startsWith('{') ? parseJson(trimmed) : undefined;
  const isUnfinished = trimmed === '' || (json === undefined && trimmed.startsWith('{'));
  if (json === undefined) return { error: boundError(text), isUnfinished };
  const worker = toName(json['worker']);
  const failedAtMs = parseTimestamp(json['failed_at']);
  const reason = toName(json['reason']);
  const document = toName(json['document']);
  const stage = toName(json['stage']);
  return {
    error: boundError(toErrorText(json)),
    isUnfinished,
    ...(worker !== undefined && { worker }),
    ...(reason !== undefined && { reason }),
    ...(failedAtMs !== undefined && { failedAtMs }),
    ...(document !== undefined && { document }),
    ...(stage !== undefined && { stage }),
  };
}

function parseJson(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    // Not JSON, or not all of it: the text itself is what there is to show.
    return undefined;
  }
}

function toErrorText(json: Record<string, unknown>): string {
  const error = json['error'] ?? json['message'];
  if (typeof error === 'string') return error;
  return error === undefined || error === null ? '' : JSON.stringify(error);
}

/** The end is kept as well as the start: of a traceback it is the part that matters. */
function boundError(text: string): string {
  // Control characters of a binary file must not reach a terminal.
  const clean = text.replaceAll(/[^\P{Cc}\n\t]/gu, ' ').trim();
  if (clean.length <= MAX_ERROR_CHARS) return clean;
  const half = Math.floor(MAX_ERROR_CHARS / 2) - 2;
  return `${clean.slice(0, half)}\n…\n${clean.slice(-half)}`.replaceAll(/\p{Cs}/gu, '');
}

function toName(value: unknown): string | undefined {
  if (typeof value === 'number') return String(value);
  return typeof value === 'string' && value !== '' && value.length <= MAX_NAME_CHARS ? value : undefined;
}
