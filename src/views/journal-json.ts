/** Reads what a request asks of the journal: `?limit=100&since=2026-01-31T08:00:00Z&type=finding_opened,finding_cleared`. */

import type { JournalQuery } from '../journal/journal.js';
import { JOURNAL_TYPES, type JournalType } from '../journal/journal-entry.js';

const DEFAULT_LIMIT = 100;
const MAX_LIMIT = 5000;

/** `problem` names the parameter and what it may be. */
export function parseJournalQuery(
  query: Readonly<Record<string, unknown>>,
): { readonly query: JournalQuery } | { readonly problem: string } {
  const limit = query['limit'] === undefined ? DEFAULT_LIMIT : Number(query['limit']);
  if (!Number.isInteger(limit) || limit < 1 || limit > MAX_LIMIT) {
    return { problem: `limit: expected a whole number from 1 to ${MAX_LIMIT}` };
  }
  const since = query['since'];
  const sinceMs = since === undefined ? undefined : Date.parse(String(since));
  if (sinceMs !== undefined && Number.isNaN(sinceMs)) {
    return { problem: 'since: expected a time like 2026-01-31T08:00:00Z' };
  }
  const words = query['type'] === undefined ? undefined : String(query['type']).split(',');
  const types = words?.filter((word): word is JournalType => JOURNAL_TYPES.some((type) => type === word));
  if (types?.length !== words?.length)
    return { problem: `type: expected some of ${JOURNAL_TYPES.join(', ')}` };
  return { query: { limit, ...(sinceMs !== undefined && { sinceMs }), ...(types && { types }) } };
}
