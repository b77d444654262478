/** Styled text that knows its width: spans make lines, lines make columns, and nothing is wider than it may be. */

import type { InkName } from './ink-name.js';
import { cleanText, cutText, widthOfText, wrapText } from './text-width.js';

export interface Span {
  readonly text: string;
  readonly ink: InkName | undefined;
}

export type Line = readonly Span[];

export const CUT_MARK = '…';

export function span(text: string, ink?: InkName): Span {
  return { text: cleanText(text), ink };
}

export function line(...parts: readonly (Span | string)[]): Line {
  return parts.map((part) => (typeof part === 'string' ? span(part) : part));
}

export function widthOf(spans: Line): number {
  let width = 0;
  for (const { text } of spans) width += widthOfText(text);
  return width;
}

/** Cut to `columns`, with a mark where something is missing. */
export function fit(spans: Line, columns: number): Line {
  if (widthOf(spans) <= columns) return spans;
  if (columns <= 0) return [];
  const kept: Span[] = [];
  let left = columns - 1;
  for (const { text, ink } of spans) {
    const width = widthOfText(text);
    if (width <= left) {
      kept.push({ text, ink });
      left -= width;
      continue;
    }
    kept.push({ text: `${cutText(text, left)}${CUT_MARK}`, ink });
    return kept;
  }
  return kept;
}

/** Exactly `columns` wide. */
export function pad(spans: Line, columns: number, align: 'left' | 'right' = 'left'): Line {
  const fitted = fit(spans, columns);
  const missing = columns - widthOf(fitted);
  if (missing <= 0) return fitted;
  const blank = span(' '.repeat(missing));
  return align === 'left' ? [...fitted, blank] : [blank, ...fitted];
}

/** Text over several lines, the second and later ones indented alike. */
export function paragraph(text: string, columns: number, ink?: InkName): readonly Line[] {
  return wrapText(cleanText(text), Math.max(1, columns)).map((part) => [{ text: part, ink }]);
}

export interface Column {
  readonly align?: 'left' | 'right';
  /** Wider cells are cut. */
  readonly max?: number;
  /** The lower are dropped first when there is no room; the highest stay. */
  readonly weight: number;
}

const GAP = 2;

/** Rows of cells as lines of at most `columns`; columns that are empty throughout take no room. */
export function table(
  rows: readonly (readonly Line[])[],
  specs: readonly Column[],
  columns: number,
): readonly Line[] {
  const natural = specs.map(({ max = Number.POSITIVE_INFINITY }, index) =>
    Math.min(max, Math.max(0, ...rows.map((row) => widthOf(row[index] ?? [])))),
  );
  const shown = chooseColumns(natural, specs, columns);
  return rows.map((row) => {
    const cells = shown.flatMap((index, place) => {
      const isLast = place === shown.length - 1 && specs[index]?.align !== 'right';
      const cell = row[index] ?? [];
      const width = natural[index] ?? 0;
      const padded = isLast ? fit(cell, width) : pad(cell, width, specs[index]?.align);
      return place === 0 ? padded : [span(' '.repeat(GAP)), ...padded];
    });
    return fit(cells, columns);
  });
}

function chooseColumns(
  natural: readonly number[],
  specs: readonly Column[],
  columns: number,
): readonly number[] {
  let shown = natural.flatMap((width, index) => (width > 0 ? index : []));
  const weightOf = (index: number): number => specs[index]?.weight ?? 0;
  const needed = (): number =>
    shown.reduce((sum, index) => sum + (natural[index] ?? 0), 0) + GAP * (shown.length - 1);
  while (shown.length > 1 && needed() > columns) {
    const lightest = shown.reduce((one, other) => (weightOf(other) < weightOf(one) ? other : one));
    // Dropping what would be shown in good part anyway loses more than it gains.
    const room = columns - (needed() - (natural[lightest] ?? 0));
    if (room >= MIN_PART && lightest === shown.at(-1)) break;
    shown = shown.filter((index) => index !== lightest);
  }
  return shown;
}

const MIN_PART = 12;
