/** Reads the request for a silence, from outside, and says what is wrong with it in words. */

import { FINDING_KINDS, FINDING_SEVERITIES } from '../detectors/finding.js';
import { parseDuration, writeDuration } from '../lib/duration.js';
import { matchesGlob } from '../lib/glob.js';
import { oneLine } from './finding-words.js';
import { MATCHER_FIELDS, type MatcherField, type SilenceMatchers } from './silence.js';
import type { SilenceRequest } from './silences.js';

const MAX_DURATION_MS = 30 * 24 * 3_600_000;
const MIN_DURATION_MS = 1000;
const MAX_PATTERN = 300;
const MAX_TEXT = 500;

/** Names that there are, by field: a pattern that fits none of them silences nothing. Empty: not known yet. */
export type KnownNames = Readonly<Partial<Record<MatcherField, readonly string[]>>>;

export function parseSilence(
  body: unknown,
  names: KnownNames = {},
): SilenceRequest | { readonly problem: string } {
  if (!isRecord(body)) return { problem: 'expected a JSON object with matchers and duration' };
  const { matchers, duration, by = '', comment = '', ...rest } = body;
  const [unknown] = Object.keys(rest);
  if (unknown !== undefined) return { problem: `unknown field ${JSON.stringify(oneLine(unknown, 60))}` };
  const wanted = parseMatchers(matchers, names);
  if ('problem' in wanted) return wanted;
  const durationMs = typeof duration === 'string' ? parseDuration(duration) : undefined;
  if (durationMs === undefined || durationMs < MIN_DURATION_MS || durationMs > MAX_DURATION_MS) {
    const allowed = `from ${writeDuration(MIN_DURATION_MS)} to ${writeDuration(MAX_DURATION_MS)}`;
    return { problem: `duration: expected a duration like 30m or 2h, ${allowed}` };
  }
  if (typeof by !== 'string' || typeof comment !== 'string')
    return { problem: 'by and comment: expected text' };
  return {
    matchers: wanted.matchers,
    durationMs,
    by: oneLine(by, MAX_TEXT),
    comment: oneLine(comment, MAX_TEXT),
  };
}

/** At least one; a kind or severity that no finding can have is a mistake that would silence nothing. */
function parseMatchers(
  value: unknown,
  names: KnownNames,
): { readonly matchers: SilenceMatchers } | { readonly problem: string } {
  const allowed = MATCHER_FIELDS.join(', ');
  if (!isRecord(value) || Object.keys(value).length === 0) {
    return { problem: `matchers: expected at least one of ${allowed}, with a name pattern` };
  }
  const matchers: { [F in MatcherField]?: string } = {};
  for (const [field, pattern] of Object.entries(value)) {
    const known = MATCHER_FIELDS.find((one) => one === field);
    if (!known)
      return { problem: `matchers: expected some of ${allowed}, got ${JSON.stringify(oneLine(field, 60))}` };
    if (typeof pattern !== 'string' || pattern === '' || pattern.length > MAX_PATTERN) {
      return { problem: `matchers.${field}: expected a name pattern with * and ?` };
    }
    matchers[known] = pattern;
  }
  return (
    problemOf('kind', matchers, FINDING_KINDS) ??
    problemOf('severity', matchers, Object.values(FINDING_SEVERITIES)) ??
    problemOf('stage', matchers, names.stage ?? []) ?? { matchers }
  );
}

function problemOf(
  field: MatcherField,
  { [field]: pattern }: SilenceMatchers,
  values: readonly string[],
): { readonly problem: string } | undefined {
  if (pattern === undefined || values.length === 0) return undefined;
  if (values.some((value) => matchesGlob(pattern, value))) return undefined;
  return {
    problem: `matchers.${field}: ${oneLine(pattern, 60)} fits none of ${[...new Set(values)].join(', ')}`,
  };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
