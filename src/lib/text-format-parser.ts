/**
 * Reads the Prometheus text format 0.0.4 strictly, in linear time; a broken line costs itself only and is named.
 *
 * Series of one thing repeat the same labels over many families, so each distinct text between the braces is read
 * once and its labels are shared by all samples that carry it.
 * https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format
 */

import { LineFault, parseLabelSet, readMetricName, skipBlanks } from './text-format-line.js';

export interface Sample {
  /** Shared by the samples of equal labels: never change it. */
  readonly labels: ReadonlyMap<string, string>;
  readonly value: number;
  /** Unix milliseconds; most samples carry none. */
  readonly timestampMs?: number;
}

const TEXT_METRIC_TYPES = ['counter', 'gauge', 'histogram', 'summary', 'untyped'] as const;
export type TextMetricType = (typeof TEXT_METRIC_TYPES)[number];

export interface TextFault {
  /** Counted from 1. */
  readonly line: number;
  /** Never repeats the line's content. */
  readonly problem: string;
}

export interface ParsedText {
  /** By metric name, in the order of the text; `x_bucket`, `x_sum` and `x_count` stand under their own names. */
  readonly samples: ReadonlyMap<string, readonly Sample[]>;
  readonly sampleCount: number;
  /** By the name that the TYPE line gives. */
  readonly types: ReadonlyMap<string, TextMetricType>;
  readonly help: ReadonlyMap<string, string>;
  /** The first broken lines; `faultCount` counts all. */
  readonly faults: readonly TextFault[];
  readonly faultCount: number;
}

export interface TextFormatOptions {
  /** Lines of metrics that are not wanted are skipped unread, and so are not judged. */
  readonly isWanted?: (name: string) => boolean;
  /** Samples beyond are one fault, and the rest of the text is left. */
  readonly maxSamples?: number;
}

const DEFAULT_MAX_SAMPLES = 500_000;
const MAX_FAULTS_KEPT = 20;
const DECIMAL = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?$/;
const INTEGER = /^[+-]?\d+$/;
const SPECIAL_VALUES: ReadonlyMap<string, number> = new Map([
  ['nan', Number.NaN],
  ['inf', Number.POSITIVE_INFINITY],
  ['+inf', Number.POSITIVE_INFINITY],
  ['-inf', Number.NEGATIVE_INFINITY],
]);
const NO_LABELS: ReadonlyMap<string, string> = new Map();
const HASH = 35;
const OPEN_BRACE = 123;

interface Series {
  readonly samples: Sample[];
  /** Label sets that were seen; equal sets are one object. */
  readonly seen: Set<ReadonlyMap<string, string>>;
}

interface ParserState {
  readonly series: Map<string, Series>;
  readonly types: Map<string, TextMetricType>;
  readonly help: Map<string, string>;
  /** By the text between the braces, and by what it means whatever the order and spacing. */
  readonly labelSets: Map<string, ReadonlyMap<string, string>>;
  readonly canonicalSets: Map<string, ReadonlyMap<string, string>>;
  readonly isWanted: ((name: string) => boolean) | undefined;
}

/** Never throws, whatever the text is. */
export function parseTextFormat(text: string, options: TextFormatOptions = {}): ParsedText {
  const { isWanted, maxSamples = DEFAULT_MAX_SAMPLES } = options;
  const state: ParserState = {
    series: new Map(),
    types: new Map(),
    help: new Map(),
    labelSets: new Map(),
    canonicalSets: new Map([['', NO_LABELS]]),
    isWanted,
  };
  const faults: TextFault[] = [];
  let faultCount = 0;
  let sampleCount = 0;
  let lineNumber = 0;
  const addFault = (problem: string): void => {
    faultCount++;
    if (faults.length < MAX_FAULTS_KEPT) faults.push({ line: lineNumber, problem });
  };
  for (let start = 0; start < text.length; ) {
    const end = text.indexOf('\n', start);
    lineNumber++;
    if (end < 0) {
      addFault('the last line is cut off: it does not end with a line feed');
      break;
    }
    if (sampleCount >= maxSamples) {
      addFault(`more than ${maxSamples} samples, the rest is left`);
      break;
    }
    const result = parseLine(text.slice(start, end), state);
    if (typeof result === 'string') addFault(result);
    else sampleCount += result;
    start = end + 1;
  }
  const samples = new Map<string, readonly Sample[]>();
  for (const [name, series] of state.series) samples.set(name, series.samples);
  return { samples, sampleCount, types: state.types, help: state.help, faults, faultCount };
}

/** How many samples the line gave (0 or 1), or what is wrong with it. */
function parseLine(line: string, state: ParserState): number | string {
  const start = skipBlanks(line, 0);
  if (start === line.length) return 0;
  try {
    if (line.charCodeAt(start) === HASH) {
      parseComment(line, start + 1, state);
      return 0;
    }
    return parseSample(line, start, state);
  } catch (error) {
    if (error instanceof LineFault) return error.message;
    throw error;
  }
}

function parseSample(line: string, start: number, state: ParserState): number {
  const nameEnd = readMetricName(line, start);
  const name = line.slice(start, nameEnd);
  if (state.isWanted && !state.isWanted(name)) return 0;
  let at = skipBlanks(line, nameEnd);
  let labels = NO_LABELS;
  if (line.charCodeAt(at) === OPEN_BRACE) {
    // No number holds a brace, so in a line that is right the last one closes the labels.
    const close = line.lastIndexOf('}');
    if (close < at) throw new LineFault('the labels have no closing brace');
    labels = findLabels(line.slice(at + 1, close), state);
    at = close + 1;
  } else if (at === nameEnd && at < line.length) {
    throw new LineFault('a metric name holds a character that is not allowed');
  }
  const { value, timestampMs } = parseNumbers(line, at);
  let series = state.series.get(name);
  if (!series) {
    series = { samples: [], seen: new Set() };
    state.series.set(detached(name), series);
  }
  if (series.seen.has(labels)) throw new LineFault('the series stands here a second time');
  series.seen.add(labels);
  series.samples.push(timestampMs === undefined ? { labels, value } : { labels, value, timestampMs });
  return 1;
}

function findLabels(source: string, { labelSets, canonicalSets }: ParserState): ReadonlyMap<string, string> {
  const known = labelSets.get(source);
  if (known) return known;
  const parsed = parseLabelSet(source, detached);
  const canonical = [...parsed]
    .map(([name, value]) => `${name}"${value.length}"${value}`)
    .toSorted()
    .join('\n');
  const labels = canonicalSets.get(canonical) ?? parsed;
  canonicalSets.set(canonical, labels);
  labelSets.set(source, labels);
  return labels;
}

function parseNumbers(line: string, at: number): { value: number; timestampMs?: number } {
  const valueStart = skipBlanks(line, at);
  const valueEnd = tokenEnd(line, valueStart);
  const value = parseValue(line.slice(valueStart, valueEnd));
  const timeStart = skipBlanks(line, valueEnd);
  if (timeStart === line.length) return { value };
  const timeEnd = tokenEnd(line, timeStart);
  const time = line.slice(timeStart, timeEnd);
  if (!INTEGER.test(time)) throw new LineFault('the timestamp is not a whole number');
  if (skipBlanks(line, timeEnd) !== line.length) throw new LineFault('text stands after the timestamp');
  return { value, timestampMs: Number(time) };
}

function parseValue(token: string): number {
  if (token === '') throw new LineFault('the value is missing');
  if (DECIMAL.test(token)) return Number(token);
  const special = token.length <= 4 ? SPECIAL_VALUES.get(token.toLowerCase()) : undefined;
  if (special === undefined) throw new LineFault('the value is not a number');
  return special;
}

function tokenEnd(line: string, from: number): number {
  let at = from;
  while (at < line.length && line[at] !== ' ' && line[at] !== '\t') at++;
  return at;
}

/** HELP and TYPE lines are kept, every other comment is left. */
function parseComment(line: string, from: number, state: ParserState): void {
  const wordStart = skipBlanks(line, from);
  const wordEnd = tokenEnd(line, wordStart);
  if (wordEnd - wordStart !== 4) return;
  const word = line.slice(wordStart, wordEnd);
  if (word !== 'HELP' && word !== 'TYPE') return;
  const nameStart = skipBlanks(line, wordEnd);
  const nameEnd = readMetricName(line, nameStart);
  if (nameEnd !== tokenEnd(line, nameStart)) throw new LineFault(`${word} is of a name that is not allowed`);
  const name = detached(line.slice(nameStart, nameEnd));
  if (state.isWanted && !state.isWanted(name)) return;
  const rest = line.slice(skipBlanks(line, nameEnd));
  if (word === 'HELP') addHelp(name, rest, state);
  else addType(name, rest.trimEnd(), state);
}

function addHelp(name: string, text: string, { help }: ParserState): void {
  if (help.has(name)) throw new LineFault('HELP of a metric stands here a second time');
  help.set(
    name,
    detached(
      text.includes('\\') ? text.replaceAll(/\\([\\n])/g, (_, c: string) => (c === 'n' ? '\n' : c)) : text,
    ),
  );
}

function addType(name: string, word: string, { types, series }: ParserState): void {
  const type = TEXT_METRIC_TYPES.find((known) => known === word);
  if (!type) throw new LineFault('TYPE is none of the known types');
  if (types.has(name)) throw new LineFault('TYPE of a metric stands here a second time');
  if (series.has(name)) throw new LineFault('TYPE comes after samples of the metric');
  types.set(name, type);
}

/** V8 makes longer pieces of a string as views that keep the whole alive; names outlive the page they came from. */
const SHORTEST_VIEW = 13;

function detached(piece: string): string {
  return piece.length < SHORTEST_VIEW ? piece : Buffer.from(piece, 'utf16le').toString('utf16le');
}
