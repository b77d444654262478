/** Remembers the stage that each worker last told of itself: it stays when its file goes and its container is made anew. */

export interface ToldStages {
  /** `key`: the container's identity, else the name in the file. */
  get(key: string): string | undefined;
  /** True when it is news. */
  tell(key: string, stage: string): boolean;
}

const MAX_TOLD_STAGES = 20_000;

export function createToldStages(): ToldStages {
  const stages = new Map<string, string>();
  function forgetOldest(): void {
    const oldest = stages.keys().next();
    if (!oldest.done) stages.delete(oldest.value);
  }

  return {
    get: (key) => stages.get(key),
    tell(key, stage) {
      if (stages.get(key) === stage) return false;
      // Deleted first, so that the map's order is the order of telling.
      stages.delete(key);
      stages.set(key, stage);
      if (stages.size > MAX_TOLD_STAGES) forgetOldest();
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
