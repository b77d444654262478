/** Counts for how long conditions were seen to hold: while one cannot be seen its clock rests, it does not begin again. */

export interface HeldCondition {
  /** When it was first seen to hold. */
  readonly beganAtMs: number;
  /** For how long it was seen to hold; time in which nothing could be seen is left out. */
  readonly heldMs: number;
  /** When it was last seen to hold. */
  readonly seenAtMs: number;
  /** It cannot be seen at present. */
  readonly isResting: boolean;
}

export interface ConditionClock {
  /** By key: conditions that hold as far as is known. */
  readonly held: ReadonlyMap<string, HeldCondition>;
  /** Takes one evaluation; `isSo` is undefined where nothing can be seen of it. */
  note(key: string, isSo: boolean | undefined, atMs: number): void;
  /** It is seen to hold. */
  hold(key: string, atMs: number): HeldCondition;
  forget(key: string): void;
  /** Nothing can be seen of the others. */
  restUnless(isSeen: (key: string) => boolean): void;
  forgetUnless(isKept: (key: string) => boolean): void;
}

export function createConditionClock(): ConditionClock {
  const held = new Map<string, HeldCondition>();

  function rest(key: string): void {
    const known = held.get(key);
    if (known && !known.isResting) held.set(key, { ...known, isResting: true });
  }

  function hold(key: string, atMs: number): HeldCondition {
    const { beganAtMs = atMs, heldMs = 0, seenAtMs = atMs, isResting = false } = held.get(key) ?? {};
    const passedMs = isResting ? 0 : Math.max(0, atMs - seenAtMs);
    const next = { beganAtMs, heldMs: heldMs + passedMs, seenAtMs: atMs, isResting: false };
    held.set(key, next);
    return next;
  }

  return {
    held,
    hold,
    note(key, isSo, atMs) {
      if (isSo === true) hold(key, atMs);
      else if (isSo === undefined) rest(key);
      else held.delete(key);
    },
    forget(key) {
      held.delete(key);
    },
    restUnless(isSeen) {
      for (const key of held.keys()) if (!isSeen(key)) rest(key);
    },
    forgetUnless(isKept) {
      for (const key of held.keys()) if (!isKept(key)) held.delete(key);
    },
  };
}
