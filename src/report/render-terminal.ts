/** Renders a report for the terminal. */

import type { ReportDocument, Section, ShownFigure, Table } from './report-shape.js';

export interface TerminalOptions {
  readonly width: number;
  readonly hasColours: boolean;
}

const GAP = '  ';
const MIN_COLUMN = 8;
/** Whatever in it a terminal would obey: errors come from outside. */
const CONTROL = /[\p{Cc}\u200e\u200f\u2028-\u202e\u2066-\u2069]+/gu;

export function renderTerminal(report: ReportDocument, { width, hasColours }: TerminalOptions): string {
  const paint = (code: string, text: string): string =>
    hasColours ? `\u001b[${code}m${text}\u001b[0m` : text;
  const bold = (text: string): string => paint('1', text);
  const lines = [bold(report.title), report.subtitle, ''];
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

/** Where there is no room, the widest column gives way. */
function tableLines({ columns, rows }: Table, width: number): readonly string[] {
  const cells = [columns.map(({ title }) => title), ...rows.map((row) => row.map(clean))];
  const widths = columns.map((_, index) => Math.max(...cells.map((row) => row[index]?.length ?? 0)));
  const room = width - GAP.length * (columns.length + 1);
  for (let over = sum(widths) - room; over > 0; over = sum(widths) - room) {
    const widest = widths.indexOf(Math.max(...widths));
    if ((widths[widest] ?? 0) <= MIN_COLUMN) break;
    widths[widest] = (widths[widest] ?? 0) - 1;
  }
  const layOut = (row: readonly string[]): string =>
    row
      .map((cell, index) => {
        const text = cut(cell, widths[index] ?? 0);
        return columns[index]?.align === 'right'
          ? text.padStart(widths[index] ?? 0)
          : text.padEnd(widths[index] ?? 0);
      })
      .join(GAP);
  return cells.map((row) => GAP + layOut(row));
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
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line];
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
