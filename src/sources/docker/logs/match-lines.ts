/** Finds the lines of a log that fit a pattern: the first pattern of a list that has a text in the line. */

import type { LogMatch } from '../../../fleet/log-model.js';
import { cutProse } from '../../../lib/bound-text.js';
import { escapeControls } from '../../../lib/escape-controls.js';
import { scrubCredentials } from '../../../lib/scrub.js';

/** Names in order of precedence, each with texts: case ignored, `*` for any run. */
export type LogPatterns = Readonly<Record<string, readonly string[]>>;

export interface StampedLine {
  readonly atMs: number;
  readonly text: string;
}

export type MatchLines = (lines: readonly StampedLine[]) => readonly LogMatch[];

/** A longer line is searched by its beginning. */
const MAX_SEARCHED = 4000;
const MAX_SHOWN = 300;

/** One match for each pattern, with the newest of its lines; `lines` are in the order of time. */
export function createLineMatcher(patterns: LogPatterns): MatchLines {
  const compiled = Object.entries(patterns).flatMap(([pattern, texts]) =>
    texts.map((text) => ({ pattern, parts: text.toLowerCase().split('*').filter(Boolean) })),
  );
  return (lines) => {
    const matches = new Map<string, LogMatch>();
    for (const { atMs, text } of lines) {
      const searched = text.slice(0, MAX_SEARCHED).toLowerCase();
      const pattern = compiled.find(({ parts }) => contains(searched, parts))?.pattern;
      if (pattern === undefined) continue;
      const count = (matches.get(pattern)?.count ?? 0) + 1;
      matches.set(pattern, { pattern, count, line: cleanLine(text), atMs });
    }
    return [...matches.values()];
  };
}

/** All parts in order, each after the one before: linear, whatever the pattern. */
function contains(line: string, parts: readonly string[]): boolean {
  let from = 0;
  for (const part of parts) {
    const found = line.indexOf(part, from);
    if (found < 0) return false;
    from = found + part.length;
  }
  return parts.length > 0;
}

/** Colours that a program writes for a terminal say nothing here. */
const COLOURS = new RegExp(`${String.fromCharCode(27)}\\[[0-9;]*m`, 'g');

function cleanLine(text: string): string {
  const plain = text.slice(0, MAX_SEARCHED).replace(COLOURS, '').trim();
  return escapeControls(cutProse(scrubCredentials(plain), MAX_SHOWN));
}
