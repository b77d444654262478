/** Renders a report for the terminal. */

import type { ReportDocument, Section, ShownFigure, Table } from './report-shape.js';

export interface TerminalOptions {
  readonly width: number;
  readonly hasColours: boolean;
}

const GAP = '  ';
const MIN_COLUMN = 8;
/** Whatever in it a terminal would obey: errors come from outside. */
const CONTROL = /[\p{Cc}\p{Cs}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]+/gu;

export function renderTerminal(report: ReportDocument, { width, hasColours }: TerminalOptions): string {
  const paint = (code: string, text: string): string =>
    hasColours ? `\u001b[${code}m${text}\u001b[0m` : text;
  const bold = (text: string): string => paint('1', text);
  const lines = [bold(report.title), ...wrap(report.subtitle, width), ''];
  if (report.verdict) {
    const { hasFailed, reasons } = report.verdict;
    lines.push(
      hasFailed
        ? paint('31', `✖ failed: ${reasons.join('; ')}`)
        : paint('32', '✓ passed: no condition of --fail-if holds'),
      '',
    );
  }
  lines.push(...figureLines(report.figures, paint), '');
  for (const section of report.sections) lines.push(bold(section.title), ...sectionLines(section, width), '');
  return `${lines.map((text) => text.trimEnd()).join('\n')}`;
}

function figureLines(
  figures: readonly ShownFigure[],
  paint: (code: string, text: string) => string,
): readonly string[] {
  const titles = Math.max(...figures.map(({ title }) => title.length));
  const values = Math.max(...figures.map(({ value }) => value.length));
  return figures.map(({ title, value, change, verdict }) => {
    const told = change === null ? '' : `${GAP}${change}`;
    const code = verdict === 'worse' ? '31' : verdict === 'better' ? '32' : '2';
    return `${GAP}${title.padEnd(titles)}${GAP}${value.padStart(values)}${told === '' ? '' : paint(code, told)}`;
  });
}

function sectionLines({ note, list, table, chart }: Section, width: number): readonly string[] {
  return [
    ...(note === undefined ? [] : wrap(clean(note), width - GAP.length).map((text) => GAP + text)),
    ...(list ?? []).flatMap((text) =>
      wrap(clean(text), width - 4).map((part, index) => `${index === 0 ? '  • ' : '    '}${part}`),
    ),
    ...(table ? tableLines(table, width) : []),
    ...(chart?.lines ?? []).map(
      ({ name, points }) =>
        GAP +
        sparkline(
          name,
          points.map(({ value }) => value),
          width,
        ),
    ),
  ];
}

function clean(text: string): string {
  return text.replaceAll(CONTROL, ' ');
}

/** Where there is no room, the widest text stands below its row, and nothing of it is cut. */
function tableLines({ columns, rows }: Table, width: number): readonly string[] {
  const cells = rows.map((row) => row.map(clean));
  const widths = columns.map(({ title }, index) =>
    Math.max(title.length, ...cells.map((row) => row[index]?.length ?? 0)),
  );
  const { inRow, below } = placeColumns(columns, widths, width);
  shrink(widths, inRow, width);
  const layOut = (row: readonly string[]): string =>
    GAP +
    inRow
      .map((index) => {
        const text = cut(row[index] ?? '', widths[index] ?? 0);
        const isNumber = columns[index]?.align === 'right';
        return isNumber ? text.padStart(widths[index] ?? 0) : text.padEnd(widths[index] ?? 0);
      })
      .join(GAP);
  const belowOf = (row: readonly string[]): readonly string[] =>
    below.flatMap((index) =>
      (row[index] ?? '') === '' ? [] : hanging(`${columns[index]?.title}: ${row[index]}`, width),
    );
  return [
    layOut(columns.map(({ title }) => title)),
    ...cells.flatMap((row) => [layOut(row), ...belowOf(row)]),
  ];
}

interface Places {
  readonly inRow: readonly number[];
  readonly below: readonly number[];
}

/** The first column names the row, and numbers are short: both stay. */
function placeColumns(columns: Table['columns'], widths: readonly number[], width: number): Places {
  let inRow = columns.map((_, index) => index);
  const below: number[] = [];
  while (needed(widths, inRow) > width) {
    const texts = inRow.filter((index) => index > 0 && columns[index]?.align === 'left');
    const widest = texts.toSorted((one, other) => (widths[other] ?? 0) - (widths[one] ?? 0))[0];
    if (widest === undefined || (widths[widest] ?? 0) <= MIN_COLUMN) break;
    inRow = inRow.filter((index) => index !== widest);
    below.push(widest);
  }
  return { inRow, below: below.toSorted((one, other) => one - other) };
}

function needed(widths: readonly number[], inRow: readonly number[]): number {
  return sum(inRow.map((index) => widths[index] ?? 0)) + GAP.length * inRow.length;
}

/** A terminal so narrow that not even short columns fit. */
function shrink(widths: number[], inRow: readonly number[], width: number): void {
  while (needed(widths, inRow) > width) {
    const widest = inRow.toSorted((one, other) => (widths[other] ?? 0) - (widths[one] ?? 0))[0] ?? 0;
    if ((widths[widest] ?? 0) <= MIN_COLUMN) return;
    widths[widest] = (widths[widest] ?? 0) - 1;
  }
}

/** Below a row and further in. */
function hanging(text: string, width: number): readonly string[] {
  const indent = GAP.repeat(3);
  return wrap(text, width - indent.length - GAP.length).map(
    (part, index) => indent + (index === 0 ? part : GAP + part),
  );
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

function cut(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length - 1)}…`;
}

function wrap(text: string, width: number): readonly string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ').flatMap((one) => breakWord(one, width))) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line];
}

/** Paths and addresses are longer than a line. */
function breakWord(word: string, width: number): readonly string[] {
  return word.length <= width
    ? [word]
    : (word.match(new RegExp(`.{1,${Math.max(1, width)}}`, 'gsu')) ?? [word]);
}

const BARS = '▁▂▃▄▅▆▇█';

function sparkline(name: string, values: readonly (number | null)[], width: number): string {
  const columns = Math.min(values.length, Math.max(10, width - name.length - 24));
  const top = Math.max(1, ...values.map((value) => value ?? 0));
  const bars = Array.from({ length: columns }, (_, column) => {
    const from = Math.floor((column * values.length) / columns);
    const to = Math.max(from + 1, Math.floor(((column + 1) * values.length) / columns));
    const part = values.slice(from, to).filter((value) => value !== null);
    if (part.length === 0) return ' ';
    return BARS[Math.floor((Math.max(...part) / top) * (BARS.length - 1))] ?? ' ';
  });
  return `${name} ${bars.join('')} max ${top >= 10 ? Math.round(top) : top.toFixed(1)}`;
}
