/** What a message offers to be typed; its last is how to hear no more of it for a while. */

import type { FindingKind, FindingSubject } from '../detectors/finding.js';

export interface MessageCommand {
  /** One line for a shell. */
  readonly text: string;
  /** What it does, in a few words. */
  readonly purpose: string;
}

const PLAIN_WORD = /^[\w@%+=:,./-]+$/;
const FIELDS = ['container', 'queue', 'stage', 'gpu'] as const;

/** Of the kind and of what it is about, as closely as a silence can name it. */
export function silenceCommand(kind: FindingKind, subject: FindingSubject): MessageCommand {
  const field = FIELDS.find((one) => subject[one] !== undefined);
  const where = field === undefined ? '' : ` --${field} ${shellWord(exactPattern(subject[field] ?? ''))}`;
  return {
    text: `stagewatch silence add --kind ${kind}${where} --for 2h`,
    purpose: 'hear no more of it for 2 hours',
  };
}

/** A name that holds a star, which no engine allows, would silence others too. */
function exactPattern(name: string): string {
  return name.replaceAll(/[*?]/g, '?');
}

/** A name from outside is quoted, so that it can never be more than a name; always one line. */
function shellWord(text: string): string {
  const line = text
    .replaceAll(/[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\u061C\u200E\u200F\u202A-\u202E\u2066-\u2069]/gu, '?')
    .replace(/^-/, '?');
  return PLAIN_WORD.test(line) ? line : `'${line.replaceAll("'", `'\\''`)}'`;
}
