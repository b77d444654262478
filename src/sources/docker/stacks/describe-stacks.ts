/** Reads the stacks that a container printed: where each thread stands. */

import { counted } from '../../../lib/counted.js';
import { escapeControls } from '../../../lib/escape-controls.js';
import { scrubCredentials } from '../../../lib/scrub.js';

export interface Stacks {
  readonly summary: string;
  readonly lines: readonly string[];
}

/** Python's faulthandler: a head for each thread, then its frames, the innermost first. */
const HEAD = /^(Current thread|Thread) 0x[0-9a-f]+ .*\(most recent call first\):$/;
const FRAME = /^ {2}File "(.+)", line (\d+|\?\?\?) in (.+)$/;
const LIBRARY = /^<frozen |\/lib\/python\d/;
const MAX_LINES = 120;
const MAX_COLUMNS = 300;
const MAX_PLACES = 4;

/** `said`: lines of the log since it was asked. Undefined: no stack is among them. */
export function describeStacks(said: readonly string[]): Stacks | undefined {
  const first = said.findIndex((line) => HEAD.test(line));
  if (first < 0) return undefined;
  const lines = said.slice(first).filter((line) => HEAD.test(line) || FRAME.test(line));
  const threads: string[][] = [];
  for (const line of lines) {
    if (HEAD.test(line)) threads.push([]);
    else threads.at(-1)?.push(line);
  }
  const places = new Map<string, number>();
  for (const frames of threads) {
    const place = placeOf(frames);
    places.set(place, (places.get(place) ?? 0) + 1);
  }
  const shown = [...places]
    .slice(0, MAX_PLACES)
    .map(([place, count]) => (count === 1 ? place : `${count} at ${place}`));
  const more = places.size > MAX_PLACES ? ` and ${places.size - MAX_PLACES} more places` : '';
  return {
    summary: clean(`stacks of ${counted(threads.length, 'thread')}: ${shown.join('; ')}${more}`),
    lines: lines.slice(0, MAX_LINES).map(clean),
  };
}

/** The innermost frame of the worker's own code, with what it called: `ocr.py:88 in fetch (socket.py:706 in readinto)`. */
function placeOf(frames: readonly string[]): string {
  const known = frames.flatMap((frame) => {
    const [, file, row, name] = FRAME.exec(frame) ?? [];
    return file === undefined ? [] : { file, text: `${file.split('/').at(-1)}:${row} in ${name}` };
  });
  const [innermost] = known;
  if (!innermost) return 'no Python frame';
  const own = known.find(({ file }) => !LIBRARY.test(file));
  if (!own || own === innermost) return innermost.text;
  return `${own.text} (${innermost.text})`;
}

function clean(line: string): string {
  return escapeControls(scrubCredentials(line)).slice(0, MAX_COLUMNS);
}
