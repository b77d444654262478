/** The smallest parts of a line of the Prometheus text format: names, blanks and the labels between the braces. */

/**
 * What is wrong with one line; the message never repeats its content.
 * Thrown and caught within the parser; no Error, because a stack for each line of a megabyte of garbage takes seconds.
 */
export class LineFault {
  readonly message: string;

  constructor(message: string) {
    this.message = message;
  }
}

/** No exporter comes near; a line that does is broken or hostile. */
const MAX_LABELS = 128;
const TAB = 9;
const BLANK = 32;
const QUOTE = 34;
const COMMA = 44;
const COLON = 58;
const EQUALS = 61;
const BACKSLASH = 92;
const ESCAPED: ReadonlyMap<string, string> = new Map([
  ['\\', '\\'],
  ['"', '"'],
  ['n', '\n'],
]);

export function skipBlanks(line: string, from: number): number {
  let at = from;
  for (let code = line.charCodeAt(at); code === BLANK || code === TAB; code = line.charCodeAt(at)) at++;
  return at;
}

/** The end of the metric name that starts at `from`. */
export function readMetricName(line: string, from: number): number {
  const end = readName(line, from, true);
  if (end === from) throw new LineFault('no metric name where one must stand');
  return end;
}

function readName(line: string, from: number, isColonAllowed: boolean): number {
  let at = from;
  for (; at < line.length; at++) {
    const code = line.charCodeAt(at);
    const isLetter = (code >= 97 && code <= 122) || (code >= 65 && code <= 90) || code === 95;
    const isDigit = at > from && code >= 48 && code <= 57;
    if (!isLetter && !isDigit && !(isColonAllowed && code === COLON)) break;
  }
  return at;
}

/** Reads `a="1",b="2"`; a comma after the last pair is allowed. Empty labels are the same as none and left out. */
export function parseLabelSet(
  source: string,
  detached: (piece: string) => string,
): ReadonlyMap<string, string> {
  const labels = new Map<string, string>();
  const names = new Set<string>();
  // Looked for once: a source without any needs no second look at its values.
  const hasEscapes = source.includes('\\');
  let at = skipBlanks(source, 0);
  while (at < source.length) {
    const nameEnd = readName(source, at, false);
    if (nameEnd === at) throw new LineFault('no label name where one must stand');
    const name = detached(source.slice(at, nameEnd));
    at = skipBlanks(source, nameEnd);
    if (source.charCodeAt(at) !== EQUALS) throw new LineFault('a label name is not followed by =');
    at = skipBlanks(source, at + 1);
    if (source.charCodeAt(at) !== QUOTE) throw new LineFault('a label value does not start with a quote');
    const valueEnd = findClosingQuote(source, at + 1, hasEscapes);
    const value = detached(unescaped(source.slice(at + 1, valueEnd), hasEscapes));
    if (names.has(name)) throw new LineFault('a label name stands twice in one series');
    if (names.size === MAX_LABELS) throw new LineFault(`more than ${MAX_LABELS} labels`);
    names.add(name);
    if (value !== '') labels.set(name, value);
    at = skipBlanks(source, valueEnd + 1);
    if (at === source.length) break;
    if (source.charCodeAt(at) !== COMMA) throw new LineFault('no comma between two labels');
    at = skipBlanks(source, at + 1);
  }
  return labels;
}

function findClosingQuote(source: string, from: number, hasEscapes: boolean): number {
  let at = from;
  if (hasEscapes) {
    while (at < source.length && source.charCodeAt(at) !== QUOTE) {
      at += source.charCodeAt(at) === BACKSLASH ? 2 : 1;
    }
    if (at < source.length) return at;
  } else {
    at = source.indexOf('"', from);
    if (at >= 0) return at;
  }
  throw new LineFault('a label value has no closing quote');
}

function unescaped(value: string, hasEscapes: boolean): string {
  if (!hasEscapes || !value.includes('\\')) return value;
  return value.replaceAll(/\\([\s\S])/g, (_, character: string) => {
    const meant = ESCAPED.get(character);
    if (meant === undefined) throw new LineFault('a label value holds an unknown escape');
    return meant;
  });
}
