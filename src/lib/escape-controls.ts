/** Makes text from outside harmless to a terminal: names of files and containers, errors of servers. */

/**
 * C0 and C1 controls (with them every escape sequence), marks that turn the direction of writing, separators of lines,
 * and halves of surrogate pairs.
 */
export const TERMINAL_CONTROLS = /[\p{Cc}\p{Cs}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/gu;

/** Each as `\u001b`, so that two names stay two; line breaks and tabs of our own stay where `keepsLines`. */
export function escapeControls(text: string, { keepsLines = false } = {}): string {
  return text.replace(TERMINAL_CONTROLS, (character) =>
    keepsLines && (character === '\n' || character === '\t')
      ? character
      : `\\u${(character.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`,
  );
}
