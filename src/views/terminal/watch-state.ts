/** What the watching terminal shows and how keys change it: filters, selection, scrolling, the text being typed. */

import { type Narrowing, NOT_NARROWED } from './narrow-picture.js';
import { charactersOf } from './text-width.js';

export interface WatchState {
  readonly narrowing: Narrowing;
  readonly isProblemsOnly: boolean;
  /** Key of the target that is selected. */
  readonly selected: string | null;
  /** The commands of what is selected are shown. */
  readonly hasCommands: boolean;
  /** What is being typed behind `/`; null: nothing is typed. */
  readonly typing: string | null;
  /** First row of the body that is shown. */
  readonly scroll: number;
}

export const FIRST_STATE: WatchState = {
  narrowing: NOT_NARROWED,
  isProblemsOnly: false,
  selected: null,
  hasCommands: false,
  typing: null,
  scroll: 0,
};

/** What keys go through; all in the order in which it is shown. */
export interface WatchSurroundings {
  readonly stages: readonly string[];
  readonly gpus: readonly string[];
  /** Keys of what can be selected, from the top. */
  readonly targets: readonly string[];
  /** The first of them that is on the screen. */
  readonly firstVisible: string | null;
  /** Rows of the body that the screen has room for. */
  readonly pageRows: number;
}

const MAX_TYPED = 60;
const ESCAPE = '\u001b';
/** Of a key that sends more than one character, what follows the escape. */
const KEY_SEQUENCE = /^(?:\[[0-9;]*[A-Za-z~]|O[A-Z])/;

/** Keys in what a terminal sent at once: a pasted text is many. */
export function splitKeys(data: string): readonly string[] {
  const keys: string[] = [];
  let rest = data;
  while (rest !== '') {
    const first = String.fromCodePoint(rest.codePointAt(0) ?? 0);
    const more = first === ESCAPE ? (KEY_SEQUENCE.exec(rest.slice(1))?.[0] ?? '') : '';
    keys.push(first + more);
    rest = rest.slice(first.length + more.length);
  }
  return keys;
}

export function applyKey(state: WatchState, key: string, around: WatchSurroundings): WatchState | 'quit' {
  if (key === '\u0003') return 'quit';
  if (state.typing !== null) return applyTyping(state, state.typing, key);
  switch (key) {
    case 'q':
      return 'quit';
    case 'p':
      return { ...state, isProblemsOnly: !state.isProblemsOnly, scroll: 0 };
    case 's':
      return narrow(state, { stage: nextOf(around.stages, state.narrowing.stage) });
    case 'g':
      return narrow(state, { gpu: nextOf(around.gpus, state.narrowing.gpu) });
    case '/':
      return { ...state, typing: state.narrowing.text };
    case 'l':
      return { ...state, hasCommands: state.selected !== null && !state.hasCommands };
    case ESCAPE:
      return { ...FIRST_STATE };
    default:
      return applyMove(state, key, around);
  }
}

function applyTyping(state: WatchState, typing: string, key: string): WatchState {
  switch (key) {
    case '\r':
    case '\n':
      return { ...state, typing: null };
    case ESCAPE:
      return narrow({ ...state, typing: null }, { text: '' });
    case '\u007f':
    case '\b':
      return typed(state, charactersOf(typing).slice(0, -1).join(''));
    default:
      return /^\p{Cc}/u.test(key) || typing.length >= MAX_TYPED ? state : typed(state, typing + key);
  }
}

/** What is typed narrows at once. */
function typed(state: WatchState, text: string): WatchState {
  return narrow({ ...state, typing: text }, { text });
}

function narrow(state: WatchState, change: Partial<Narrowing>): WatchState {
  return { ...state, narrowing: { ...state.narrowing, ...change }, scroll: 0 };
}

/** Through all of them, then none. */
function nextOf(all: readonly string[], current: string | null): string | null {
  return all[current === null ? 0 : all.indexOf(current) + 1] ?? null;
}

const UP = new Set(['\u001b[A', '\u001bOA', 'k']);
const DOWN = new Set(['\u001b[B', '\u001bOB', 'j']);

function applyMove(state: WatchState, key: string, around: WatchSurroundings): WatchState {
  if (UP.has(key)) return select(state, around, -1);
  if (DOWN.has(key)) return select(state, around, 1);
  switch (key) {
    case '\u001b[5~':
      return { ...state, selected: null, hasCommands: false, scroll: state.scroll - around.pageRows };
    case '\u001b[6~':
    case ' ':
      return { ...state, selected: null, hasCommands: false, scroll: state.scroll + around.pageRows };
    case '\u001b[H':
    case '\u001b[1~':
      return { ...state, selected: null, hasCommands: false, scroll: 0 };
    case '\u001b[F':
    case '\u001b[4~':
      return { ...state, selected: null, hasCommands: false, scroll: Number.MAX_SAFE_INTEGER };
    default:
      return state;
  }
}

function select(state: WatchState, around: WatchSurroundings, step: 1 | -1): WatchState {
  const { targets, firstVisible } = around;
  const at = state.selected === null ? -1 : targets.indexOf(state.selected);
  const next = at < 0 ? firstVisible : targets[Math.max(0, Math.min(targets.length - 1, at + step))];
  return { ...state, selected: next ?? null };
}
