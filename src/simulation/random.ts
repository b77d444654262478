/** Chance that repeats itself: the same seed gives the same numbers on every machine. */

export interface Random {
  /** From 0 up to, not including, 1. */
  next(): number;
  between(min: number, max: number): number;
  /** From `min` to `max`, both included. */
  integer(min: number, max: number): number;
  isTrue(probability: number): boolean;
  pick<T>(choices: readonly T[]): T | undefined;
  /** Lognormal: half of all are below `median`, few are far above. */
  lognormal(median: number, sigma: number): number;
  /** A source of its own, which draws from this one do not change. */
  fork(name: string): Random;
}

export function createRandom(seed: number): Random {
  let state = seed >>> 0;

  /** mulberry32: https://gist.github.com/tommyettinger/46a874533244883189143505d203312c, public domain. */
  function next(): number {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  }

  function normal(): number {
    const radius = Math.sqrt(-2 * Math.log(1 - next()));
    return radius * Math.cos(2 * Math.PI * next());
  }

  return {
    next,
    between: (min, max) => min + next() * (max - min),
    integer: (min, max) => min + Math.floor(next() * (max - min + 1)),
    isTrue: (probability) => next() < probability,
    pick: (choices) => choices[Math.floor(next() * choices.length)],
    lognormal: (median, sigma) => median * Math.exp(sigma * normal()),
    fork: (name) => createRandom(hash(`${seed}:${name}`)),
  };
}

function hash(text: string): number {
  let value = 0x811c9dc5;
  for (const character of text) value = Math.imul(value ^ (character.codePointAt(0) ?? 0), 0x01000193);
  return value >>> 0;
}
