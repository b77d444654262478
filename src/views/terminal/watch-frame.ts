/** One frame of the watching terminal: a part of the screen, what is selected in it, and the line of keys. */

import { formatShare } from '../picture/format.js';
import type { Picture } from '../picture/picture.js';
import { describeNarrowing, narrowPicture } from './narrow-picture.js';
import { commandLines } from './problem-rows.js';
import type { Row } from './rows.js';
import { fit, type Line, line, pad, paragraph, span } from './spans.js';
import { renderScreen } from './status-screen.js';
import type { WatchState, WatchSurroundings } from './watch-state.js';

export interface FrameOptions {
  readonly columns: number;
  readonly rows: number;
  /** Why no newer data came. */
  readonly fault: string | null;
}

export interface Frame {
  /** As many as the terminal has rows. */
  readonly lines: readonly Line[];
  /** With its scrolling made to fit. */
  readonly state: WatchState;
  readonly around: WatchSurroundings;
}

const KEYS = 'q quit  p problems  s stage  g gpu  / filter  ↑↓ select  l logs command';
const MAX_DETAIL_ROWS = 8;

export function composeFrame(picture: Picture, state: WatchState, options: FrameOptions): Frame {
  const { columns, rows: terminalRows, fault } = options;
  const rows = renderScreen(narrowPicture(picture, state.narrowing), {
    width: columns,
    isProblemsOnly: state.isProblemsOnly,
    narrowedTo: describeNarrowing(state.narrowing),
    fault,
    pageRows: terminalRows,
  });
  const selectedAt = rows.findIndex(({ target }) => target !== undefined && target.key === state.selected);
  const details = detailLines(rows[selectedAt], state.hasCommands, columns).slice(
    0,
    Math.min(MAX_DETAIL_ROWS, Math.max(0, terminalRows - 4)),
  );
  const pageRows = Math.max(1, terminalRows - 1 - details.length);
  const scroll = fitScroll({ wanted: state.scroll, selectedAt, pageRows, total: rows.length });
  const body = rows.slice(scroll, scroll + pageRows);
  const lines = [
    ...body.map(({ line: text }, index) =>
      scroll + index === selectedAt ? selectedLine(text, columns) : text,
    ),
    ...Array.from({ length: pageRows - body.length }, (): Line => []),
    ...details,
    keyLine(state, { columns, from: scroll, shown: body.length, total: rows.length }),
  ];
  const targets = rows.flatMap(({ target }) => target?.key ?? []);
  return {
    lines: lines.slice(-terminalRows),
    state: { ...state, scroll },
    around: {
      stages: picture.flow.stages.map(({ id }) => id),
      gpus: picture.gpus.map(({ name }) => name),
      targets,
      firstVisible: body.find(({ target }) => target !== undefined)?.target?.key ?? targets.at(-1) ?? null,
      pageRows,
    },
  };
}

/** Before the daemon has answered: that it is asked, or why it does not answer. */
export function composeFirstFrame(
  text: string,
  state: WatchState,
  { columns, rows }: Pick<FrameOptions, 'columns' | 'rows'>,
): Frame {
  const body = paragraph(text, columns).slice(0, Math.max(1, rows - 1));
  const blank = Array.from({ length: Math.max(0, rows - 1 - body.length) }, (): Line => []);
  const keys = keyLine(state, { columns, from: 0, shown: 0, total: 0 });
  return {
    lines: [...body, ...blank, keys].slice(-rows),
    state,
    around: { stages: [], gpus: [], targets: [], firstVisible: null, pageRows: Math.max(1, rows - 1) },
  };
}

interface ScrollOptions {
  readonly wanted: number;
  readonly selectedAt: number;
  readonly pageRows: number;
  readonly total: number;
}

/** Never beyond the end, and what is selected stays on the screen. */
function fitScroll({ wanted, selectedAt, pageRows, total }: ScrollOptions): number {
  const last = Math.max(0, total - pageRows);
  const scroll = Math.min(last, Math.max(0, wanted));
  if (selectedAt < 0) return scroll;
  if (selectedAt < scroll) return Math.max(0, selectedAt - 1);
  return selectedAt >= scroll + pageRows ? selectedAt - pageRows + 1 : scroll;
}

/** Its own colours would be lost in the inversion. */
function selectedLine(text: Line, columns: number): Line {
  return pad(
    text.map(({ text: part }) => ({ text: part, ink: 'selected' as const })),
    columns,
  ).map(({ text: part }) => ({ text: part, ink: 'selected' as const }));
}

function detailLines(row: Row | undefined, hasCommands: boolean, columns: number): readonly Line[] {
  if (!row?.target) return [];
  const { title, details, commands } = row.target;
  const shown = hasCommands
    ? commands.flatMap(({ text, purpose }) => commandLines(text, purpose, columns))
    : details.flatMap((text) => paragraph(text, columns, 'dim'));
  return [fit(line(span('─'.repeat(2), 'dim'), ' ', span(title, 'bold')), columns), ...shown];
}

interface KeyLineOptions {
  readonly columns: number;
  readonly from: number;
  readonly shown: number;
  readonly total: number;
}

function keyLine({ typing }: WatchState, { columns, from, shown, total }: KeyLineOptions): Line {
  if (typing !== null) {
    return fit(
      line(span('/', 'bold'), typing, span('▏', 'bold'), span('   Enter keeps it, Esc clears it', 'dim')),
      columns,
    );
  }
  const place = shown < total ? formatShare((from + shown) / total) : '';
  const keys = pad(line(span(KEYS, 'dim')), Math.max(0, columns - place.length - 1));
  return fit([...keys, span(` ${place}`, 'dim')], columns);
}
