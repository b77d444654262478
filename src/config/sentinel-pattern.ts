/** Decides which paths under the root are sentinels, and of which document and stage; linear in the path's length. */

export const FAILED_SUFFIX = '.failed';

export interface Captures {
  readonly document?: string;
  readonly stage?: string;
}

/** Where a folder stands in the pattern. Undefined places do not exist: such a folder is never looked into. */
export interface Place {
  readonly states: readonly State[];
  /** A file in the folder can be a sentinel. */
  readonly isLeaf: boolean;
  /** A folder in the folder can lead to one. */
  readonly isBranch: boolean;
}

interface State extends Captures {
  /** Index of the segment that the next name has to match. */
  readonly at: number;
}

export interface SentinelMatch extends Captures {
  readonly outcome: 'success' | 'failure';
}

export interface SentinelPattern {
  readonly root: Place;
  /** The pattern itself tells the stage. */
  readonly hasStage: boolean;
  enter(place: Place, name: string): Place | undefined;
  match(place: Place, name: string): SentinelMatch | undefined;
}

type Wild = '*' | 'document' | 'stage';
interface Segment {
  /** Literal, wild, literal, wild, … literal: one literal more than wilds. */
  readonly literals: readonly string[];
  readonly wilds: readonly Wild[];
}
const ANY_DEPTH = 'any-depth';

const TOKEN = /\{document\}|\{stage\}|\*/g;
const MAX_SEGMENTS = 100;

/** What is wrong with a pattern, in words that follow "expected"; undefined: nothing. */
export function patternProblem(pattern: string): string | undefined {
  const segments = pattern.split('/');
  if (segments.length > MAX_SEGMENTS) return `at most ${MAX_SEGMENTS} path segments`;
  if (segments.some((segment) => segment === '' || segment === '.' || segment === '..')) {
    return 'a path under the root, without empty segments, . or ..';
  }
  if (segments.at(-1) === '**') return 'a file name after the last **';
  if (/\}\{|\}\*|\*\{|[^/]\*\*|\*\*[^/]/.test(pattern)) {
    return 'text between two placeholders or stars (** only as a segment of its own)';
  }
  const [brace] = pattern.replaceAll(TOKEN, '').match(/[{}]/) ?? [];
  if (brace !== undefined) return 'no braces other than {document} and {stage}';
  if (segments.some((segment) => /(\{\w+\}).*\1/.test(segment))) return 'a placeholder once in a segment';
  if (pattern.endsWith(FAILED_SUFFIX)) return `the path of the success sentinel, without ${FAILED_SUFFIX}`;
  return undefined;
}

/** `pattern` must have no `patternProblem`. */
export function compilePattern(pattern: string): SentinelPattern {
  const segments = pattern
    .split('/')
    .map((text) => (text === '**' ? ANY_DEPTH : compileSegment(text))) satisfies (Segment | string)[];
  const last = segments.length - 1;

  function toPlace(states: readonly State[]): Place | undefined {
    const closed = closeOver(states, segments);
    if (closed.length === 0) return undefined;
    return {
      states: closed,
      isLeaf: closed.some(({ at }) => at === last),
      isBranch: closed.some(({ at }) => at < last),
    };
  }

  function step(place: Place, name: string): State[] {
    const next: State[] = [];
    for (const state of place.states) {
      const segment = segments[state.at];
      if (state.at === last || segment === undefined) continue;
      if (segment === ANY_DEPTH) {
        if (!name.startsWith('.')) next.push(state);
        continue;
      }
      const captures = matchSegment(segment, name, state);
      if (captures) next.push({ ...captures, at: state.at + 1 });
    }
    return next;
  }

  function matchFile(place: Place, name: string): Captures | undefined {
    const segment = segments[last];
    if (segment === undefined || segment === ANY_DEPTH) return undefined;
    for (const state of place.states) {
      const captures = state.at === last ? matchSegment(segment, name, state) : undefined;
      if (captures) return captures;
    }
    return undefined;
  }

  // A file name without placeholders says nothing new: all sentinels of a folder then share one answer of each outcome.
  const answers = new WeakMap<Captures, { success?: SentinelMatch; failure?: SentinelMatch }>();

  function toMatch(captures: Captures, outcome: 'success' | 'failure'): SentinelMatch {
    const known = answers.get(captures) ?? {};
    answers.set(captures, known);
    const { document, stage } = captures;
    known[outcome] ??= {
      outcome,
      ...(document !== undefined && { document }),
      ...(stage !== undefined && { stage }),
    };
    return known[outcome];
  }

  const root = toPlace([{ at: 0 }]) ?? { states: [], isLeaf: false, isBranch: false };
  return {
    root,
    hasStage: pattern.includes('{stage}'),
    enter: (place, name) => toPlace(step(place, name)),
    match(place, name) {
      if (!place.isLeaf) return undefined;
      const isFailure = name.endsWith(FAILED_SUFFIX);
      const captures = matchFile(place, isFailure ? name.slice(0, -FAILED_SUFFIX.length) : name);
      return captures && toMatch(captures, isFailure ? 'failure' : 'success');
    },
  };
}

/** `**` also stands for no folder at all: what follows it may match at once. One state an index is enough. */
function closeOver(states: readonly State[], segments: readonly (Segment | string)[]): readonly State[] {
  const byIndex = new Map<number, State>();
  const open = [...states];
  for (let state = open.pop(); state; state = open.pop()) {
    if (byIndex.has(state.at)) continue;
    byIndex.set(state.at, state);
    if (segments[state.at] === ANY_DEPTH) open.push({ ...state, at: state.at + 1 });
  }
  return [...byIndex.values()];
}

function compileSegment(text: string): Segment {
  const wilds = [...text.matchAll(TOKEN)].map(([token]): Wild => {
    if (token === '*') return '*';
    return token === '{document}' ? 'document' : 'stage';
  });
  return { literals: text.split(TOKEN), wilds };
}

/** Each wild takes the shortest run that lets its literal follow, the last one the rest: no backtracking is needed. */
function matchSegment({ literals, wilds }: Segment, name: string, known: Captures): Captures | undefined {
  const [head = ''] = literals;
  if (wilds.length === 0) return name === head ? known : undefined;
  if (!name.startsWith(head)) return undefined;
  // As in a shell, hidden names (temporary files, snapshot folders) are only matched by a pattern that says the dot.
  if (head === '' && name.startsWith('.')) return undefined;
  let captures = known;
  let from = head.length;
  for (let index = 0; index < wilds.length; index++) {
    const wild = wilds[index] ?? '*';
    const literal = literals[index + 1] ?? '';
    const atLeast = wild === '*' ? 0 : 1;
    const isLast = index === wilds.length - 1;
    const end = isLast ? endBefore(literal, name) : name.indexOf(literal, from + atLeast);
    if (end < from + atLeast) return undefined;
    const next = wild === '*' ? captures : capture(captures, wild, name.slice(from, end));
    if (!next) return undefined;
    captures = next;
    from = end + literal.length;
  }
  return captures;
}

/** A placeholder that stands twice must stand for the same text. */
function capture(known: Captures, name: 'document' | 'stage', value: string): Captures | undefined {
  if (known[name] !== undefined && known[name] !== value) return undefined;
  return { ...known, [name]: value };
}

function endBefore(suffix: string, name: string): number {
  return name.endsWith(suffix) ? name.length - suffix.length : -1;
}
