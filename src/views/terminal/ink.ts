/** Colours of the terminal view: which there are, whether this terminal takes them, and the sequences for them. */

import { SEVERITY_LOOKS, type SeverityName, STATUS_LOOKS, type StatusName } from '../picture/vocabulary.js';
import type { InkName } from './ink-name.js';
import type { Line } from './spans.js';
import { charactersOf, widthOfText } from './text-width.js';

export interface InkOptions {
  readonly colours: 'none' | '256' | '24-bit';
  readonly theme: 'light' | 'dark';
  readonly isAscii: boolean;
}

export interface ColourQuestion {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly isTerminal: boolean;
}

/** NO_COLOR wins over everything (no-color.org), then FORCE_COLOR, then what the terminal says of itself. */
export function chooseColours({ env, isTerminal }: ColourQuestion): InkOptions['colours'] {
  if (env['NO_COLOR']) return 'none';
  const isForced = env['FORCE_COLOR'] !== undefined && env['FORCE_COLOR'] !== '0';
  if (!isForced && (!isTerminal || env['TERM'] === 'dumb')) return 'none';
  return /^(truecolor|24bit)$/i.test(env['COLORTERM'] ?? '') || env['FORCE_COLOR'] === '3' ? '24-bit' : '256';
}

/** Some terminals tell their background in COLORFGBG; most are dark. */
export function chooseTheme({ COLORFGBG }: ColourQuestion['env']): InkOptions['theme'] {
  const background = Number(COLORFGBG?.split(';').at(-1) ?? Number.NaN);
  return background === 7 || background === 15 ? 'light' : 'dark';
}

const RESET = '\u001b[0m';
const DIM = { light: '#6b7280', dark: '#9aa3af' } as const;
const COMMAND = { light: '#3b6fb6', dark: '#7fb0ee' } as const;

/** A line as the terminal takes it. */
export function encodeLine(spans: Line, options: InkOptions): string {
  let text = '';
  for (const part of spans) {
    const shown = options.isAscii ? toAscii(part.text) : part.text;
    const start = part.ink === undefined ? '' : sequenceFor(part.ink, options);
    text += start === '' ? shown : `${start}${shown}${RESET}`;
  }
  return text.trimEnd();
}

function sequenceFor(ink: InkName, { colours, theme }: InkOptions): string {
  // Not a colour: it is also for those who want none.
  if (ink === 'selected') return '\u001b[7m';
  if (colours === 'none') return '';
  if (ink === 'bold' || ink === 'heading') return '\u001b[1m';
  const colour = colourOf(ink)[theme];
  const weight = ink === 'critical' || ink === 'stuck' || ink === 'down' ? '1;' : '';
  return `\u001b[${weight}${colours === '24-bit' ? trueColour(colour) : nearestOf256(colour)}m`;
}

function colourOf(ink: Exclude<InkName, 'bold' | 'heading' | 'selected'>): { light: string; dark: string } {
  if (ink === 'dim') return DIM;
  if (ink === 'command') return COMMAND;
  return ink in SEVERITY_LOOKS ? SEVERITY_LOOKS[ink as SeverityName] : STATUS_LOOKS[ink as StatusName];
}

function partsOf(colour: string): readonly [number, number, number] {
  const part = (at: number): number => Number.parseInt(colour.slice(at, at + 2), 16);
  return [part(1), part(3), part(5)];
}

function trueColour(colour: string): string {
  return `38;2;${partsOf(colour).join(';')}`;
}

/** Levels of the colour cube 16–231; greys 232–255 go from 8 to 238 in tens. */
const CUBE: readonly number[] = [0, 95, 135, 175, 215, 255];

function nearestOf256(colour: string): string {
  const parts = partsOf(colour);
  const distance = (levels: readonly number[]): number =>
    parts.reduce((sum, part, index) => sum + (part - (levels[index] ?? 0)) ** 2, 0);
  const cube = parts.map((part) => nearestIndex(CUBE, part));
  const mean = parts.reduce((sum, part) => sum + part, 0) / parts.length;
  const grey = Math.max(0, Math.min(23, Math.round((mean - 8) / 10)));
  const greyLevel = 8 + 10 * grey;
  const cubeDistance = distance(cube.map((index) => CUBE[index] ?? 0));
  if (distance([greyLevel, greyLevel, greyLevel]) < cubeDistance) return `38;5;${232 + grey}`;
  const [red = 0, green = 0, blue = 0] = cube;
  return `38;5;${16 + 36 * red + 6 * green + blue}`;
}

function nearestIndex(levels: readonly number[], value: number): number {
  const distances = levels.map((level) => Math.abs(level - value));
  return distances.indexOf(Math.min(...distances));
}

const ASCII_OF: ReadonlyMap<string, string> = new Map([
  ...Object.values(STATUS_LOOKS).map(({ shape, ascii }) => [shape, ascii] as const),
  ...Object.values(SEVERITY_LOOKS).map(({ shape, ascii }) => [shape, ascii] as const),
  ['◉', '@'],
  ['…', '>'],
  ['→', '='],
  ['↑', '^'],
  ['↓', 'v'],
  ['−', '-'],
  ['–', '-'],
  ['·', '|'],
  ['’', "'"],
  // A curve of eight heights.
  ...Array.from('▁▂▃▄▅▆▇█', (bar, height) => [bar, '_.-=+*%#'.charAt(height)] as const),
  ['▏', '|'],
  ['“', '"'],
  ['”', '"'],
  ['×', 'x'],
  ['│', '|'],
  ['├', '|'],
  ['─', '-'],
  ['┌', '+'],
  ['┐', '+'],
  ['┘', '+'],
  ['┤', '|'],
  ['░', '.'],
  ['└', '`'],
  ['◀', '<'],
  ['°', ' '],
  ['\u2009', ' '],
]);

/** As wide as before: what has no likeness becomes question marks. */
function toAscii(text: string): string {
  let plain = '';
  for (const character of charactersOf(text)) {
    plain += /^[ -~]$/.test(character)
      ? character
      : (ASCII_OF.get(character) ?? '?'.repeat(widthOfText(character)));
  }
  return plain;
}
