/** Measures and cuts text by the columns it takes in a terminal, and makes outside text harmless to one. */

import stringWidth from 'string-width';
import { TERMINAL_CONTROLS } from '../../lib/escape-controls.js';

const ASCII_ONLY = /^[ -~]*$/;
/** What one control character or a run of them leaves is a space. */
const HARMFUL = new RegExp(`${TERMINAL_CONTROLS.source}+`, 'gu');
const SEGMENTER = new Intl.Segmenter('en', { granularity: 'grapheme' });
const MAX_REMEMBERED = 4000;
const remembered = new Map<string, number>();

/** One line without anything that a terminal would obey: names and errors come from outside. */
export function cleanText(text: string): string {
  return ASCII_ONLY.test(text) ? text : text.replaceAll(HARMFUL, ' ');
}

/** Columns; `text` is clean. */
export function widthOfText(text: string): number {
  if (ASCII_ONLY.test(text)) return text.length;
  const known = remembered.get(text);
  if (known !== undefined) return known;
  const width = stringWidth(text);
  if (remembered.size >= MAX_REMEMBERED) remembered.clear();
  remembered.set(text, width);
  return width;
}

/** The longest beginning that takes `columns` at most; characters are not cut in two. */
export function cutText(text: string, columns: number): string {
  if (columns <= 0) return '';
  if (ASCII_ONLY.test(text)) return text.slice(0, columns);
  let kept = '';
  let used = 0;
  for (const { segment } of SEGMENTER.segment(text)) {
    used += widthOfText(segment);
    if (used > columns) break;
    kept += segment;
  }
  return kept;
}

export function charactersOf(text: string): readonly string[] {
  return [...SEGMENTER.segment(text)].map(({ segment }) => segment);
}

/** Lines of `columns` at most, broken between words, or within one that is longer than a line. */
export function wrapText(text: string, columns: number): readonly string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    const joined = line === '' ? word : `${line} ${word}`;
    if (widthOfText(joined) <= columns) {
      line = joined;
      continue;
    }
    if (line !== '') lines.push(line);
    line = word;
    while (widthOfText(line) > columns) {
      const head = cutText(line, columns);
      // A character wider than the line would be cut for ever.
      if (head === '') break;
      lines.push(head);
      line = line.slice(head.length);
    }
  }
  if (line !== '') lines.push(cutText(line, columns));
  return lines;
}
