/** Bounds text from outside where it enters: cut so that it shows, and so that two texts never become one. */

import { createHash } from 'node:crypto';

/** As many hexadecimal digits of the whole text's SHA-256. */
const DIGITS = 12;

/** Longer text becomes its beginning, `…` and a digest of all of it: `aaaa…5e884898da28`. */
export function boundText(text: string, maxLength: number): string {
  if (text.length <= maxLength) return text;
  const digest = createHash('sha256').update(text, 'utf16le').digest('hex').slice(0, DIGITS);
  return `${headOf(text, maxLength - DIGITS - 1)}…${digest}`;
}

/** For prose, which names nothing: the mark alone. */
export function cutProse(text: string, maxLength: number): string {
  return text.length <= maxLength ? text : `${headOf(text, maxLength - 1)}…`;
}

/** Without half of a character at its end. */
function headOf(text: string, length: number): string {
  const last = text.charCodeAt(length - 1);
  const isHalf = last >= 0xd800 && last <= 0xdbff;
  return text.slice(0, isHalf ? length - 1 : length);
}
