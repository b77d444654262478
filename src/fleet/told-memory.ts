/** Remembers what each worker last reported of itself, its stage or its queue: it stays when its file goes and its container is made again. */

export interface ToldMemory {
  /** `key`: the container's identity, else the name in the file. */
  get(key: string): string | undefined;
  /** True when it is news. */
  tell(key: string, word: string): boolean;
}

const MAX_WORDS = 20_000;

export function createToldMemory(): ToldMemory {
  const words = new Map<string, string>();
  function forgetOldest(): void {
    const oldest = words.keys().next();
    if (!oldest.done) words.delete(oldest.value);
  }

  return {
    get: (key) => words.get(key),
    tell(key, word) {
      if (words.get(key) === word) return false;
      // Deleted first, so that the map's order is the order of telling.
      words.delete(key);
      words.set(key, word);
      if (words.size > MAX_WORDS) forgetOldest();
      return true;
    },
  };
}

/** Label and configuration win over what a file says, and that wins over a guess from the name. */
export function chooseStage(
  classified: { readonly stage?: string; readonly isStageGuessed?: true } | undefined,
  told: string | undefined,
): string | undefined {
  return classified?.isStageGuessed ? (told ?? classified.stage) : (classified?.stage ?? told);
}
